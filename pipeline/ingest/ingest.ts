/** Reads every input, sifts the notes and writes notes.parquet, ingest.json and rejects.jsonl. */

import { format, Interrupted } from "../lib/base/cli.ts";
import { type Workspace } from "../artifacts.ts";
import { type Lineage, lineageOf, nameOf } from "../artifacts/lineage.ts";
import { isMarkedSynthetic } from "../artifacts/synthetic.ts";
import { writeAtomic, writeJson } from "../lib/base/files.ts";
import { findFiles, formatOf } from "./read/detect.ts";
import { download, isWeb } from "./read/download.ts";
import { Intake } from "./read/intake.ts";
import {
  type ColumnFlags,
  type Format,
  InputError,
  isRemote,
  type NoteField,
  type NoteFile,
  type Reader,
} from "./read/note_source.ts";
import { NotesWriter } from "./write/notes_writer.ts";
import { readCsv } from "./read/csv.ts";
import { readFhir } from "./read/fhir.ts";
import { readJsonl } from "./read/jsonl.ts";
import { readText } from "./read/text.ts";
import { type IngestReport, type InputReport, reportOf, Tally } from "./report.ts";
import { Scans } from "./clean/scans.ts";
import { Sift, type SiftedNote, type SiftOptions } from "./identity/sift.ts";

const readers: Record<Format, Reader> = {
  mimic: readCsv,
  csv: readCsv,
  jsonl: readJsonl,
  parquet: readParquet,
  text: readText,
  fhir: readFhir,
};

/** Loads DuckDB only when it is needed: the library takes 40 MB. */
async function* readParquet(...[file, context]: Parameters<Reader>) {
  const reader = await import("./read/parquet.ts");
  yield* reader.readParquet(file, context);
}

export interface IngestOptions extends SiftOptions {
  inputs: string[];
  format: Format | "auto";
  columns: ColumnFlags;
  /** Keep the notes before the damaged place of a gzip file instead of failing. */
  acceptTruncated: boolean;
  /** The largest file to fetch from an https:// address. */
  maxDownloadBytes: number;
}

/** Called as the run goes: bytes read of all there are, and notes kept. */
export type OnProgress = (bytes: number, totalBytes: number, kept: number) => void;

/**
 * Ingests `options.inputs` into the workspace. Throws an `InputError` when an input cannot be read
 * or nothing is left to write, and `Interrupted` when `signal` fires; notes.parquet is then still
 * the one of the run before.
 */
export async function ingest(
  options: IngestOptions,
  paths: Workspace,
  onProgress: OnProgress = () => {},
  signal?: AbortSignal,
): Promise<IngestReport> {
  const started = performance.now();
  const files = await findFiles(options.inputs, options.format);
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const sift = new Sift(options, await Scans.load());
  const tally = new Tally();
  const inputs: InputReport[] = [];
  const writer = await NotesWriter.create(paths.notes);
  try {
    let before = 0;
    for (const found of files) {
      await using fetched = await fetchIfRemote(found, options, onProgress, signal);
      const { file } = fetched;
      const report = await ingestFile(file, options, sift, tally, writer, (bytes) => {
        if (signal?.aborted) throw new Interrupted("Interrupted; notes.parquet is unchanged");
        onProgress(before + bytes, totalBytes, tally.kept);
      });
      inputs.push(report);
      before += file.bytes;
    }
    if (tally.kept === 0) throw nothingLeft(tally, inputs);
    await writer.finish();
  } finally {
    await writer.close();
  }
  const report = reportOf(
    options,
    await lineageOfNotes(paths, inputs),
    inputs,
    tally,
    sift.counts,
    inputs.some(({ format }) => format === "parquet") ? await duckDbVersion() : null,
    (performance.now() - started) / 1000,
  );
  await writeAtomic(paths.rejects, tally.rejects.map((line) => line + "\n").join(""));
  await writeJson(paths.ingestReport, report);
  return report;
}

/**
 * What notes.parquet was made from. Inputs are listed with their digests apart from that: they lie
 * where the hospital put them, and may be gone. Only a corpus that this workspace has made itself is
 * a source of its own. Written after notes.parquet: an ingest that is killed in between leaves an
 * ingest.json of other notes, which its readers refuse.
 */
async function lineageOfNotes(
  paths: Workspace,
  inputs: readonly InputReport[],
): Promise<{ lineage: Lineage; synthetic: boolean }> {
  const own = nameOf({ paths }, paths.synthetic);
  const from: Lineage["from"] = {};
  let synthetic = inputs.length > 0;
  for (const { path, sha256 } of inputs) {
    if (sha256 !== null && nameOf({ paths }, path) === own) from[own] = sha256;
    synthetic &&= await isMarkedSynthetic(path, sha256);
  }
  return { lineage: await lineageOf({ paths }, from, [paths.notes]), synthetic };
}

/** The file itself, or a temporary copy of what lies at its address, removed after use. */
async function fetchIfRemote(
  file: NoteFile,
  { format, maxDownloadBytes }: IngestOptions,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<{ file: NoteFile } & AsyncDisposable> {
  if (!isWeb(file.path)) return { file, [Symbol.asyncDispose]: async () => {} };
  const folder = await Deno.makeTempDir({ prefix: "ingest_" });
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    const path = await download(file.path, folder, {
      maxBytes: maxDownloadBytes,
      signal,
      onBytes: (done, total) => onProgress(done, total ?? 0, 0),
    });
    const { size } = await Deno.stat(path);
    const local = { ...file, path, bytes: size, format: await formatOf(path, format) };
    return { file: local, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const duckDbVersion = async () => (await import("./read/duckdb.ts")).duckDbVersion;

async function ingestFile(
  file: NoteFile,
  options: IngestOptions,
  sift: Sift,
  tally: Tally,
  writer: NotesWriter,
  onBytes: (bytes: number) => void,
): Promise<InputReport> {
  const intake = new Intake();
  let kept = 0, rejected = 0;
  let columns: Partial<Record<NoteField, string>> = {};
  const reject = (row: number, reason: string, detail: string) => {
    rejected++;
    tally.reject({ file: file.name, row, reason, detail });
  };
  const context = {
    columns: options.columns,
    reject,
    intake,
    mapped: (found: typeof columns) => columns = found,
  };
  for await (const raws of readers[file.format](file, context)) {
    const notes: SiftedNote[] = [];
    for (const raw of raws) {
      const note = sift.take(raw, file.name);
      if ("reason" in note) reject(raw.row, note.reason, note.detail);
      else notes.push(note);
    }
    for (const note of notes) tally.keep(note);
    kept += notes.length;
    await writer.write(notes);
    onBytes(intake.bytes);
  }
  if (intake.damage && !options.acceptTruncated) throw cutShort(file.name, intake.damage, kept);
  const { name, format } = file;
  return {
    name,
    path: isWeb(name) ? name : file.path,
    format,
    bytes: file.bytes,
    sha256: isRemote(file.path) ? null : intake.sha256(),
    damage: intake.damage ?? null,
    columns,
    read: kept + rejected,
    kept,
    rejected,
  };
}

const cutShort = (name: string, damage: string, kept: number) =>
  new InputError(
    `Cannot read all of ${name}: ${damage}, after ${
      format(kept)
    } whole notes. Get a complete copy, ` +
      "or keep what comes before the damage with --accept-truncated",
  );

function nothingLeft(tally: Tally, inputs: InputReport[]): InputError {
  const reasons = Object.entries(tally.reasons).map(([reason, count]) => `${reason}: ${count}`);
  if (reasons.length === 0) {
    return new InputError(
      `Cannot ingest ${inputs.map(({ name }) => name).join(", ")}: there is not one note in it`,
    );
  }
  return new InputError(
    `Cannot write notes.parquet: every note was rejected (${
      reasons.join(", ")
    }); check --text and the other column flags`,
  );
}
