/** Encodes notes.parquet into one token file per split, in parallel, and so that it can go on. */

import { join } from "@std/path";
import {
  type Split,
  type SplitCounts,
  splits,
  TOKEN_HEADER_BYTES,
  tokenHeader,
} from "../artifacts.ts";
import { writeAll } from "../lib/base/files.ts";
import { type NoteBatch, readNoteBatches } from "./note_batches.ts";
import type { Fingerprint, Progress, Staging } from "./staging.ts";
import type { EncodedPart } from "./worker.ts";
import { bytesOf, type WorkerPool } from "./worker_pool.ts";

/** How much work a killed run loses at most. */
const SAVE_INTERVAL_MS = 5000;

/** llm.c's header holds the token count as an int32. */
const MOST_TOKENS = 2 ** 31 - 1;

export interface EncodeOptions {
  /** None in a workspace of public texts alone; the files are then empty. */
  notesPath: string | undefined;
  staging: Staging;
  fingerprint: Fingerprint;
  /** Where an earlier run stopped. */
  resume?: Progress;
  onProgress(notes: number): void;
}

/** Writes {train,val,test}.bin into the staging folder; `pool` must have been given the vocabulary. */
export async function encodeNotes(
  pool: WorkerPool,
  { notesPath, staging, fingerprint, resume, onProgress }: EncodeOptions,
): Promise<Record<Split, SplitCounts>> {
  const progress = resume ?? { fingerprint, notes: 0, splits: perSplit(noCounts) };
  const files = perSplit((split) => join(staging.folder, `${split}.bin`));
  const writers = await openWriters(files, progress);
  try {
    await staging.save(progress);
    let saved = performance.now();
    const batches = notesPath === undefined
      ? none()
      : readNoteBatches(notesPath, { from: progress.notes });
    const encoded = pool.map("encode", batches, { transfer: bytesOf });
    for await (const { parts, notes } of encoded) {
      for (const [index, split] of splits.entries()) {
        await append(writers[split], parts[index], progress.splits[split]);
      }
      progress.notes += notes;
      onProgress(progress.notes);
      if (performance.now() - saved < SAVE_INTERVAL_MS) continue;
      for (const split of splits) await writers[split].syncData();
      await staging.save(progress);
      saved = performance.now();
    }
    for (const split of splits) await finish(writers[split], split, progress.splits[split].tokens);
  } finally {
    for (const split of splits) writers[split].close();
  }
  return progress.splits;
}

async function* none(): AsyncGenerator<NoteBatch> {}

export const noCounts = (): SplitCounts => ({
  notes: 0,
  tokens: 0,
  characters: 0,
  bytes: 0,
  words: 0,
});

function perSplit<T>(make: (split: Split) => T): Record<Split, T> {
  return { train: make("train"), val: make("val"), test: make("test") };
}

/** Opens the token files behind what `progress` vouches for; what lies beyond is cut off. */
async function openWriters(
  files: Record<Split, string>,
  progress: Progress,
): Promise<Record<Split, Deno.FsFile>> {
  const opened = await Promise.all(splits.map(async (split) => {
    const file = await Deno.open(files[split], { write: true, create: true });
    const end = TOKEN_HEADER_BYTES + 2 * progress.splits[split].tokens;
    await file.truncate(end);
    await file.seek(end, Deno.SeekMode.Start);
    return [split, file] as const;
  }));
  return Object.fromEntries(opened) as Record<Split, Deno.FsFile>;
}

export async function append(
  file: Deno.FsFile,
  part: EncodedPart,
  sums: SplitCounts,
): Promise<void> {
  await writeAll(file, new Uint8Array(part.tokens.buffer));
  for (const key of Object.keys(sums) as (keyof SplitCounts)[]) sums[key] += part.counts[key];
}

export async function finish(
  file: Deno.FsFile,
  split: Split | "public",
  tokens: number,
): Promise<void> {
  if (tokens > MOST_TOKENS) {
    throw new RangeError(
      `Cannot write ${split}.bin: ${tokens} tokens, the format holds at most ${MOST_TOKENS}; use a larger --vocab-size or fewer notes`,
    );
  }
  await file.seek(0, Deno.SeekMode.Start);
  await writeAll(file, tokenHeader(tokens));
  await file.sync();
}
