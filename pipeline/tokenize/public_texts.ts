/** The public texts of a workspace: in what share they teach the tokenizer, and as public.bin. */

import { join } from "@std/path";
import { TOKEN_HEADER_BYTES, type Workspace } from "../artifacts.ts";
import { readReport, type Report } from "../artifacts/reports.ts";
import { exists } from "../lib/base/files.ts";
import { format, Progress } from "../lib/base/cli.ts";
import { append, finish, noCounts } from "./encode_notes.ts";
import { readNoteBatches } from "./note_batches.ts";
import type { PackedCounts } from "./word_counts.ts";
import { bytesOf, type WorkerPool } from "./worker_pool.ts";

export type PublicSource = Report<"public">["sources"][number];

/** The sources that `ingest --public` has listed; none where it never ran. */
export async function readPublicSources(paths: Workspace): Promise<PublicSource[]> {
  if (!await exists(paths.publicReport)) return [];
  return (await readReport("public", paths.publicReport, "deno task ingest --public")).sources;
}

/**
 * How often each pre-token of the notes counts: they weigh at least as much as all public text, as
 * it is notes that the model will write.
 */
export function weightOfNotes(
  notes: readonly PackedCounts[],
  publicTexts: readonly PackedCounts[],
): number {
  const sum = (all: readonly PackedCounts[]) =>
    all.reduce((sum, { counts }) => counts.reduce((a, b) => a + b, sum), 0);
  return Math.max(1, Math.ceil(sum(publicTexts) / Math.max(1, sum(notes))));
}

/**
 * Writes public.bin into `folder`, the sources one after the other; `pool` must have been given the
 * vocabulary. Returns its tokens; undefined where there is no source. A run that is stopped starts
 * this file again.
 */
export async function encodePublic(
  pool: WorkerPool,
  paths: Workspace,
  sources: readonly PublicSource[],
  folder: string,
): Promise<number | undefined> {
  if (sources.length === 0) return undefined;
  const progress = new Progress(
    "encode public",
    sources.reduce((sum, { texts }) => sum + texts, 0),
    "texts",
  );
  const sums = noCounts();
  using file = await Deno.open(join(folder, "public.bin"), {
    write: true,
    create: true,
    truncate: true,
  });
  await file.seek(TOKEN_HEADER_BYTES, Deno.SeekMode.Start);
  for (const { name } of sources) {
    const batches = readNoteBatches(paths.publicTexts(name));
    for await (const { parts: [train] } of pool.map("encode", batches, { transfer: bytesOf })) {
      await append(file, train, sums);
      progress.update(sums.notes);
    }
  }
  await finish(file, "public", sums.tokens);
  progress.finish(`${format(sums.tokens)} tokens`);
  return sums.tokens;
}
