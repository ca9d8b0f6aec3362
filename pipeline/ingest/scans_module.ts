/**
 * The kernels of ingest as a WebAssembly module. Compiling them takes two seconds, so the result is
 * kept in data/kernels beside the code, under a hash of the sources and of the options they are
 * compiled with.
 */

import { createHash } from "node:crypto";
import { fromFileUrl, join } from "@std/path";
import { writeAtomic } from "../artifacts.ts";
import { kernelSources } from "../wasm/sources.ts";

const sources = new URL("./kernels/", import.meta.url);
const kept = fromFileUrl(new URL("../../data/kernels/", import.meta.url));

export async function scansModule(): Promise<WebAssembly.Module> {
  const path = join(kept, `ingest-${await hashOfSources()}.wasm`);
  const bytes = await readIfThere(path);
  if (bytes && WebAssembly.validate(bytes)) return await WebAssembly.compile(bytes);
  const { compileKernels } = await import("../wasm/compile.ts");
  const compiled = await compileKernels(sources);
  // Where the code lies in a folder that cannot be written to, every run compiles.
  await writeAtomic(path, compiled).catch(() => {});
  return await WebAssembly.compile(compiled);
}

async function hashOfSources(): Promise<string> {
  const files = [...await kernelSources(sources)].sort(([a], [b]) => a < b ? -1 : 1);
  const compiler = await Deno.readTextFile(new URL("../wasm/compile.ts", import.meta.url));
  const all = JSON.stringify([compiler, files]);
  return createHash("sha256").update(all).digest("hex").slice(0, 16);
}

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch {
    return undefined;
  }
}
