/**
 * Where a run of `tokenize` works: a folder beside processed/ that becomes processed/ by a rename
 * when everything in it is complete. A run that was stopped leaves the folder, and the next one
 * with the same input and options goes on from its progress.json; a different one starts afresh.
 */

import { join } from "@std/path";
import { type Split, type SplitCounts, type TokensReport } from "../artifacts.ts";
import { exists, readJson, replaceFolder, syncFolder, writeJson } from "../lib/base/files.ts";

/** To be raised when the code makes other files of the same notes and options. */
export const FORMAT = 1;

/** What decides every byte of the output: if any of it differs, no work can be reused. */
export interface Fingerprint {
  format: number;
  notesSha256: string;
  kind: TokensReport["kind"];
  vocabSize: number;
  pattern: string;
  /** Hash of the list of public sources; absent where there is none. */
  publicSha256?: string;
  /** Hash of the tokenizer.json that was given; absent where one is learned. */
  tokenizerSha256?: string;
}

/** How far the encoding has come: rows of notes.parquet whose tokens are safely on disk. */
export interface Progress {
  fingerprint: Fingerprint;
  notes: number;
  splits: Record<Split, SplitCounts>;
}

export class Staging {
  readonly folder: string;
  readonly #processed: string;
  readonly #previous: string;
  readonly #progress: string;

  constructor(processed: string) {
    this.#processed = processed;
    this.#previous = `${processed}.previous`;
    this.folder = `${processed}.partial`;
    this.#progress = join(this.folder, "progress.json");
  }

  /** The progress to resume from, or undefined after making an empty folder. */
  async open(fingerprint: Fingerprint): Promise<Progress | undefined> {
    const progress = await this.#saved();
    if (JSON.stringify(progress?.fingerprint) === JSON.stringify(fingerprint)) return progress;
    await removeFolder(this.folder);
    await Deno.mkdir(this.folder, { recursive: true });
    return undefined;
  }

  async #saved(): Promise<Progress | undefined> {
    try {
      return await readJson<Progress>(this.#progress, "deno task tokenize");
    } catch {
      return undefined; // None, or damaged: both mean to start afresh.
    }
  }

  save(progress: Progress): Promise<void> {
    return writeJson(this.#progress, progress);
  }

  /** Makes this folder the processed/ folder. */
  async commit(): Promise<void> {
    await Deno.remove(this.#progress);
    await syncFolder(this.folder);
    await replaceFolder(this.folder, this.#processed);
  }

  /** Undoes a commit that was cut short between its two renames. */
  async recover(): Promise<void> {
    if (!await exists(this.#previous)) return;
    if (await exists(this.#processed)) await removeFolder(this.#previous);
    else await Deno.rename(this.#previous, this.#processed);
  }
}

async function removeFolder(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path, { recursive: true });
}
