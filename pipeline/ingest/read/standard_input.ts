/** `-` among the inputs: standard input, kept in a file for the time of the run. */

import { join } from "@std/path";
import { InputError } from "./note_source.ts";

/** The inputs with the path of that file in place of `-`; it is removed when disposed. */
export async function spoolStandardInput(
  inputs: string[],
  folder: string,
): Promise<{ inputs: string[] } & AsyncDisposable> {
  if (!inputs.includes("-")) return { inputs, [Symbol.asyncDispose]: async () => {} };
  if (Deno.stdin.isTerminal()) {
    throw new InputError("Cannot read standard input: it is a terminal; pipe a file into it");
  }
  const place = await Deno.makeTempDir({ dir: folder, prefix: "standard_input.", suffix: ".tmp" });
  const path = join(place, "stdin");
  const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  await Deno.stdin.readable.pipeTo(file.writable);
  return {
    inputs: inputs.map((input) => input === "-" ? path : input),
    [Symbol.asyncDispose]: () => Deno.remove(place, { recursive: true }),
  };
}
