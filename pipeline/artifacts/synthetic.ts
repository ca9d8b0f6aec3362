/**
 * Whether notes describe nobody. `deno task synthesize` leaves a mark beside each corpus that names
 * it by digest, `ingest` carries it into ingest.json, and whoever may print passages asks there.
 * A copy without its mark, or a corpus that was changed, counts as notes of patients.
 */

import { basename, dirname, join } from "@std/path";
import type { Workspace } from "../artifacts.ts";
import { ArtifactError, exists, writeJson } from "../lib/base/files.ts";
import { lineageOf } from "./lineage.ts";
import { readReport } from "./reports.ts";

/** The mark of the corpus at `path`: hidden, so that `ingest` of the folder does not read it. */
export const syntheticMark = (path: string): string =>
  join(dirname(path), `.${basename(path)}.json`);

/** Marks the finished corpus at `path`. */
export async function markSynthetic(
  paths: Workspace,
  path: string,
  { notes, seed }: { notes: number; seed: number },
): Promise<void> {
  const lineage = await lineageOf({ paths }, {}, [path]);
  await writeJson(syntheticMark(path), { version: 1, lineage, notes, seed });
}

/** Whether the file at `path`, whose digest is `sha256`, is a corpus as it was synthesized. */
export async function isMarkedSynthetic(path: string, sha256: string | null): Promise<boolean> {
  const mark = syntheticMark(path);
  if (sha256 === null || !await exists(mark)) return false;
  try {
    const { lineage } = await readReport("synthetic", mark, "deno task synthesize");
    return Object.values(lineage.files).includes(sha256);
  } catch (error) {
    if (error instanceof ArtifactError) return false;
    throw error;
  }
}

/** Whether all notes of a workspace are synthetic. Where ingest.json does not say so they are not. */
export async function hasSyntheticNotes(paths: Workspace): Promise<boolean> {
  if (!await exists(paths.ingestReport)) return false;
  const { synthetic, lineage } = await readReport(
    "notes",
    paths.ingestReport,
    "deno task ingest INPUT",
  );
  const here = await lineageOf({ paths }, {}, [paths.notes]);
  return synthetic && JSON.stringify(here.files) === JSON.stringify(lineage.files);
}
