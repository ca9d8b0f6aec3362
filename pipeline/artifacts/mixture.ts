/** The mixture that eval has fitted to a run's checkpoint, if it still fits. */

import { join } from "@std/path";
import { type RunPaths } from "../artifacts.ts";
import { exists, readJson, sha256File } from "../lib/base/files.ts";
import { createMixture, type Mixture, type MixtureFile } from "../lib/gpt/decode/mixture.ts";

/** A mixture with the file it came from and the bytes of its table. */
export interface OpenMixture {
  mixture: Mixture;
  file: MixtureFile;
  table: Uint8Array | undefined;
}

/**
 * Reads the run's mixture.json and the table at `ngramPath` that it names. Where there is none, or
 * it was fitted to another checkpoint or table, the reason comes instead: one line.
 */
export async function openMixture(
  run: RunPaths,
  checkpointFolder: string,
  ngramPath: string,
): Promise<OpenMixture | string> {
  if (!await exists(run.mixture)) return `${run.mixture} does not exist; "deno task eval" fits one`;
  const file = await readJson<MixtureFile>(run.mixture, "deno task eval");
  const again = 'run "deno task eval" again';
  if (file.version !== 2) {
    return `${run.mixture} has version ${file.version}, expected 2; ${again}`;
  }
  const checkpoint = await sha256File(join(checkpointFolder, "model.safetensors"));
  if (file.checkpoint !== checkpoint) {
    return `${run.mixture} was fitted to another checkpoint; ${again}`;
  }
  if (file.table === null) return { mixture: createMixture(file), file, table: undefined };
  if (!await exists(ngramPath) || await sha256File(ngramPath) !== file.table.sha256) {
    return `${ngramPath} is not the table that ${run.mixture} was fitted with; ${again}`;
  }
  const table = await Deno.readFile(ngramPath);
  return { mixture: createMixture(file, table), file, table };
}
