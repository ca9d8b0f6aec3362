/**
 * Every file that one stage writes and another reads: where it lies, and how to read and write it
 * without ever leaving half a file. Stages meet only here.
 */

import { join } from "@std/path";
import type { Lineage } from "./artifacts/lineage.ts";
import type { Report } from "./artifacts/reports.ts";
import { ArtifactError, requireFile } from "./lib/base/files.ts";

/** Paths of one workspace (`--data DIR`, by default `data/`). */
export function workspace(root: string) {
  return {
    root,
    synthetic: join(root, "raw", "synthetic", "discharge.csv.gz"),
    notes: join(root, "interim", "notes.parquet"),
    ingestReport: join(root, "interim", "ingest.json"),
    rejects: join(root, "interim", "rejects.jsonl"),
    publicTexts: (name: string) => join(root, "interim", "public", `${name}.parquet`),
    publicReport: join(root, "interim", "public.json"),
    edaReport: join(root, "reports", "eda", "index.html"),
    edaJson: join(root, "reports", "eda", "eda.json"),
    edaFolder: join(root, "reports", "eda"),
    processed: join(root, "processed"),
    tokenizer: join(root, "processed", "tokenizer.json"),
    tokenizerConfig: join(root, "processed", "tokenizer_config.json"),
    tokens: (split: Split) => join(root, "processed", `${split}.bin`),
    publicTokens: join(root, "processed", "public.bin"),
    tokensReport: join(root, "processed", "tokens.json"),
    ngram: join(root, "processed", "ngram.bin"),
    ngramReport: join(root, "processed", "ngram.json"),
    run: (name: string) => runPaths(join(root, "runs", name)),
    runs: join(root, "runs"),
  };
}

export type Workspace = ReturnType<typeof workspace>;

/**
 * Paths of one training run. `last`, `best` and `base` (the model after the public texts, before the
 * first note) are checkpoint folders: see model/checkpoint.ts.
 */
export function runPaths(root: string) {
  return {
    root,
    config: join(root, "config.json"),
    log: join(root, "log.jsonl"),
    curves: join(root, "curves.svg"),
    samples: join(root, "samples.txt"),
    tokenizer: join(root, "tokenizer.json"),
    tokenizerConfig: join(root, "tokenizer_config.json"),
    last: join(root, "last"),
    best: join(root, "best"),
    base: join(root, "base"),
    calibration: join(root, "calibration.json"),
    eval: join(root, "eval"),
    audit: join(root, "audit"),
    export: join(root, "export"),
  };
}

export type RunPaths = ReturnType<typeof runPaths>;

export type Split = "train" | "val" | "test";
export const splits: readonly Split[] = ["train", "val", "test"];

/** A row of notes.parquet. Times are ISO strings or null where the source has none. */
export interface Note {
  note_id: string;
  subject_id: string;
  hadm_id: string | null;
  note_type: string;
  note_seq: number;
  charttime: string | null;
  storetime: string | null;
  text: string;
  split: Split;
  source: string;
  /** What was known of the patient, as JSON (artifacts/note_contexts.ts); null where nothing was. */
  context?: string | null;
}

// ---------------------------------------------------------------------------------------------
// Token files: llm.c's format. A header of 256 int32 (magic, version, number of tokens), then that
// many uint16 token ids, little-endian. Documents start with the end-of-text token.

export const TOKEN_MAGIC = 20240520;
export const TOKEN_VERSION = 1;
export const TOKEN_HEADER_BYTES = 256 * 4;

/** The header of a token file with `count` tokens. */
export function tokenHeader(count: number): Uint8Array {
  const header = new Int32Array(256);
  header.set([TOKEN_MAGIC, TOKEN_VERSION, count]);
  return new Uint8Array(header.buffer);
}

/** All tokens of a split; throws an `ArtifactError` if the file is missing, foreign or cut short. */
export async function readTokens(path: string): Promise<Uint16Array> {
  const madeBy = "deno task tokenize";
  await requireFile(path, madeBy);
  const bytes = await Deno.readFile(path);
  const fail = (why: string) =>
    new ArtifactError(`Cannot read tokens ${path}: ${why}; run "${madeBy}" again`);
  if (bytes.length < TOKEN_HEADER_BYTES) throw fail(`${bytes.length} bytes, shorter than a header`);
  const [magic, version, count] = new Int32Array(bytes.buffer, bytes.byteOffset, 3);
  if (magic !== TOKEN_MAGIC) throw fail(`magic ${magic}, expected ${TOKEN_MAGIC}`);
  if (version !== TOKEN_VERSION) throw fail(`version ${version}, expected ${TOKEN_VERSION}`);
  const expected = TOKEN_HEADER_BYTES + 2 * count;
  if (bytes.length !== expected) throw fail(`${bytes.length} bytes, expected ${expected}`);
  return new Uint16Array(bytes.buffer, bytes.byteOffset + TOKEN_HEADER_BYTES, count);
}

// ---------------------------------------------------------------------------------------------
// tokens.json

/** Sums over the notes of one split. */
export interface SplitCounts {
  notes: number;
  /** As many as the split's .bin holds: one more a note than its text has. */
  tokens: number;
  /** Unicode code points: what bits per character are divided by. */
  characters: number;
  /** UTF-8 bytes. */
  bytes: number;
  /** Runs of non-white-space. */
  words: number;
}

export interface SplitReport extends SplitCounts {
  tokensPerNote: number;
  charactersPerToken: number;
  /** Tokens per word: 1 would be a token for every word. */
  fertility: number;
}

/** A token as people can read it, and how often it occurs in train.bin. */
export interface TokenReport {
  token: number;
  text: string;
  characters: number;
  count: number;
}

/** What `deno task tokenize` says about its output. */
export interface TokensReport {
  version: 2;
  lineage: Lineage;
  kind: "bpe" | "char";
  vocabSize: number;
  /** What was asked for: more than `vocabSize` if the notes hold too few frequent pairs. */
  requestedVocabSize: number;
  splits: Record<Split, SplitReport>;
  /** What public.bin holds, where there is one. */
  public?: { tokens: number; sources: Report<"public">["sources"] };
  /**
   * Tokens that do not occur in train.bin. Among them are single bytes (a text need not hold all
   * 256) and tokens that only ever were steps towards longer ones.
   */
  unused: { count: number; bytes: number; tokens: TokenReport[] };
  longest: TokenReport[];
  mostFrequent: TokenReport[];
}
