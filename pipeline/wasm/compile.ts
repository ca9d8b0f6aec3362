/** Compiles kernels, which are AssemblyScript, to one WebAssembly module of a few kilobytes. */

import asc from "assemblyscript/asc";
import { kernelSources } from "./sources.ts";

/** Those of the model. */
const modelKernels = new URL("./kernels/", import.meta.url);

const OPTIONS = ["-O3", "--runtime", "stub", "--noAssert", "--enable", "simd", "--importMemory"];

/** The module's bytes. It imports `env.memory` and nothing else. */
export async function compileKernels(folder = modelKernels): Promise<Uint8Array<ArrayBuffer>> {
  const files = await kernelSources(folder);
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(["mod.ts", "--outFile", "kernels.wasm", ...OPTIONS], {
    // The compiler appends the extension that Deno asks for in an import.
    readFile: (name) => files.get(name.replace(/\.ts\.ts$/, ".ts")) ?? null,
    writeFile: (name, contents) => {
      if (name === "kernels.wasm") binary = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (binary) return Uint8Array.from(binary);
  throw new SyntaxError(
    `Cannot compile the kernels in ${folder.pathname}: ${error?.message}: ${stderr.toString().trim()}`,
  );
}
