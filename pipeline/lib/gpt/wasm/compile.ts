/** The model's kernels as the bytes of one WebAssembly module. */

import { compileAssemblyScript } from "../../base/assemblyscript.ts";

const folder = new URL("./kernels/", import.meta.url);

export function compileKernels(): Promise<Uint8Array<ArrayBuffer>> {
  return compileAssemblyScript(folder);
}
