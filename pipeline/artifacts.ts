/**
 * Every file that one stage writes and another reads: where it lies, and how to read and write it
 * without ever leaving half a file. Stages meet only here.
 */

import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";

/** Paths of one workspace (`--data DIR`, by default `data/`). */
export function workspace(root: string) {
  return {
    root,
    synthetic: join(root, "raw", "synthetic", "discharge.csv.gz"),
    notes: join(root, "interim", "notes.parquet"),
    ingestReport: join(root, "interim", "ingest.json"),
    rejects: join(root, "interim", "rejects.jsonl"),
    edaReport: join(root, "reports", "eda", "index.html"),
    edaJson: join(root, "reports", "eda", "eda.json"),
    edaFolder: join(root, "reports", "eda"),
    processed: join(root, "processed"),
    tokenizer: join(root, "processed", "tokenizer.json"),
    tokenizerConfig: join(root, "processed", "tokenizer_config.json"),
    tokens: (split: Split) => join(root, "processed", `${split}.bin`),
    tokensReport: join(root, "processed", "tokens.json"),
    ngram: join(root, "processed", "ngram.bin"),
    ngramReport: join(root, "processed", "ngram.json"),
    run: (name: string) => runPaths(join(root, "runs", name)),
    runs: join(root, "runs"),
  };
}

export type Workspace = ReturnType<typeof workspace>;

/** Paths of one training run. `last` and `best` are checkpoint folders: see model/checkpoint.ts. */
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
    mixture: join(root, "mixture.json"),
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
}

/** An artifact that is not there, or is not what its name promises. */
export class ArtifactError extends Error {
  override name = "ArtifactError";
}

/** Throws an `ArtifactError` that names the command to run when `path` does not exist. */
export async function requireFile(path: string, madeBy: string): Promise<void> {
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ArtifactError(`Cannot find ${path}; run "${madeBy}" first`);
  }
}

/** The parsed JSON file at `path`; an `ArtifactError` naming `madeBy` if missing or damaged. */
export async function readJson<T>(path: string, madeBy: string): Promise<T> {
  await requireFile(path, madeBy);
  const text = await Deno.readTextFile(path);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ArtifactError(
      `Cannot read ${path}: expected JSON, found ${text.length} characters that are not; run "${madeBy}" again`,
    );
  }
}

let temporaryCounter = 0;

/** A name beside `path` on the same file system, so that the final rename is atomic. */
export function temporaryName(path: string): string {
  return `${path}.${Deno.pid}-${temporaryCounter++}.tmp`;
}

/**
 * Writes a file so that readers see the old one or the new one, never half of either: to a
 * temporary name, fsync, rename. A failed write leaves nothing behind. `content` may be a function
 * that writes to the open file piece by piece.
 */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array | ((file: Deno.FsFile) => Promise<void>),
): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  try {
    const file = await Deno.open(temporary, { write: true, createNew: true });
    try {
      if (typeof content === "function") await content(file);
      else await writeAll(file, typeof content === "string" ? encode(content) : content);
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** `writeAtomic` of indented JSON, ending in a newline. */
export function writeJson(path: string, value: unknown): Promise<void> {
  return writeAtomic(path, JSON.stringify(value, null, 2) + "\n");
}

const encode = (text: string) => new TextEncoder().encode(text);

/** Writes all of `bytes`; a single `write` may stop short. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    offset += await file.write(bytes.subarray(offset));
  }
}

/** The SHA-256 of a file's content in hexadecimal, read piece by piece. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { read: true });
  const buffer = new Uint8Array(1 << 20);
  for (let count; (count = await file.read(buffer)) !== null;) {
    hash.update(buffer.subarray(0, count));
  }
  return hash.digest("hex");
}

/** Makes a rename in `folder` survive a power cut (a no-op where folders cannot be opened). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await Deno.open(folder, { read: true });
    try {
      await handle.sync();
    } finally {
      handle.close();
    }
  } catch {
    // Windows cannot open a folder; its rename is durable enough without.
  }
}

/**
 * Puts the finished folder `temporary` in the place of `folder`. A folder cannot be renamed over
 * another, so the old one first steps aside to `folder`.previous; whoever finds only that one there
 * came between the two renames and may read it.
 */
export async function replaceFolder(temporary: string, folder: string): Promise<void> {
  const previous = `${folder}.previous`;
  if (await exists(folder)) {
    if (await exists(previous)) await Deno.remove(previous, { recursive: true });
    await Deno.rename(folder, previous);
  }
  await Deno.rename(temporary, folder);
  await syncFolder(dirname(folder));
  if (await exists(previous)) await Deno.remove(previous, { recursive: true });
}

/** Whether there is a file or folder at `path`. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

// ---------------------------------------------------------------------------------------------
/** Of audit.json: one more whenever a check is added or measures something else. */
export const AUDIT_VERSION = 3;

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
  kind: "bpe" | "char";
  vocabSize: number;
  /** What was asked for: more than `vocabSize` if the notes hold too few frequent pairs. */
  requestedVocabSize: number;
  splits: Record<Split, SplitReport>;
  /**
   * Tokens that do not occur in train.bin. Among them are single bytes (a text need not hold all
   * 256) and tokens that only ever were steps towards longer ones.
   */
  unused: { count: number; bytes: number; tokens: TokenReport[] };
  longest: TokenReport[];
  mostFrequent: TokenReport[];
  notesSha256: string;
  tokenizerSha256: string;
}
