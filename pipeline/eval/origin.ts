/** Whether the notes of a workspace describe nobody. */

import { type Workspace } from "../artifacts.ts";
import { exists, readJson } from "../lib/base/files.ts";

interface IngestJson {
  inputs: { path: string }[];
}

/** Where `deno task synthesize` writes, in any workspace. */
const SYNTHETIC = /(?:^|[\\/])raw[\\/]synthetic[\\/]discharge\.csv\.gz$/;

/** Whether all notes come from `deno task synthesize`. Without a record of it they do not. */
export async function isSynthetic(paths: Workspace): Promise<boolean> {
  if (!await exists(paths.ingestReport)) return false;
  const { inputs } = await readJson<IngestJson>(paths.ingestReport, "deno task ingest");
  return inputs.length > 0 && inputs.every(({ path }) => SYNTHETIC.test(path));
}
