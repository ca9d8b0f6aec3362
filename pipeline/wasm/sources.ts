/** The files of a folder of kernels, by name; `mod.ts` exports what the module does. */
export async function kernelSources(folder: URL): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    files.set(name, await Deno.readTextFile(new URL(name, folder)));
  }
  return files;
}
