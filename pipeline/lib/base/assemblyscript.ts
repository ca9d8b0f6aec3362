/**
 * A folder of AssemblyScript compiled to one WebAssembly module of a few kilobytes.
 *
 * Compiling takes about two seconds, so the module is kept in data/kernels beside the code, under a
 * hash of its sources, of the compiler and of its options. The compiler is loaded only where no
 * module is kept.
 */

import { createHash } from "node:crypto";
import { basename, fromFileUrl, join } from "@std/path";
import { writeAtomic } from "./files.ts";

const OPTIONS = ["-O3", "--runtime", "stub", "--noAssert", "--enable", "simd", "--importMemory"];

const kept = fromFileUrl(new URL("../../../data/kernels/", import.meta.url));
const inThisProcess = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

/**
 * The bytes of the module whose exports are those of `folder`'s mod.ts. It imports `env.memory` and
 * nothing else. Throws a `SyntaxError` with the compiler's message where the sources are wrong.
 */
export function compileAssemblyScript(folder: URL): Promise<Uint8Array<ArrayBuffer>> {
  let module = inThisProcess.get(folder.href);
  if (!module) {
    module = keptOrCompiled(folder);
    inThisProcess.set(folder.href, module);
    module.catch(() => inThisProcess.delete(folder.href));
  }
  return module;
}

async function keptOrCompiled(folder: URL): Promise<Uint8Array<ArrayBuffer>> {
  const files = await readSources(folder);
  const name = basename(join(fromFileUrl(folder), ".."));
  const path = join(kept, `${name}-${hashOf(files)}.wasm`);
  const bytes = await Deno.readFile(path).catch(() => undefined);
  if (bytes && WebAssembly.validate(bytes)) return bytes;
  const compiled = await compile(folder, files);
  // Where the code lies in a folder that cannot be written to, every process compiles.
  await writeAtomic(path, compiled).catch(() => {});
  return compiled;
}

async function readSources(folder: URL): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    files.set(name, await Deno.readTextFile(new URL(name, folder)));
  }
  return files;
}

function hashOf(files: Map<string, string>): string {
  const sorted = [...files].sort(([a], [b]) => a < b ? -1 : 1);
  const all = JSON.stringify([import.meta.resolve("assemblyscript/asc"), OPTIONS, sorted]);
  return createHash("sha256").update(all).digest("hex").slice(0, 16);
}

async function compile(
  folder: URL,
  files: Map<string, string>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: asc } = await import("assemblyscript/asc");
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
