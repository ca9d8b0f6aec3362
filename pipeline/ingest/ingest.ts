/** Reads every input, sifts the notes and writes notes.parquet, ingest.json and rejects.jsonl. */

import { format, Interrupted } from "../lib/base/cli.ts";
import { dirname } from "@std/path";
import { type Workspace } from "../artifacts.ts";
import { type Lineage, lineageOf, nameOf } from "../artifacts/lineage.ts";
import { isMarkedSynthetic } from "../artifacts/synthetic.ts";
import { writeJson } from "../lib/base/files.ts";
import { joinLines } from "./read/note_lines.ts";
import { head } from "./read/byte_stream.ts";
import { formatOf } from "./read/detect.ts";
import { Binaries } from "./read/fhir_binaries.ts";
import { findFiles, type Skipped } from "./read/find_files.ts";
import { spoolStandardInput } from "./read/standard_input.ts";
import { MimicFacts } from "./identity/mimic_facts.ts";
import { lockInterim } from "./write/lock.ts";
import { RejectsWriter } from "./write/rejects_writer.ts";
import { download, isWeb } from "./read/download.ts";
import { Intake } from "./read/intake.ts";
import {
  type ColumnFlags,
  type Format,
  InputError,
  isRemote,
  type NoteFile,
  NoTextColumn,
  type ReadContext,
  type Reader,
  type SourceField,
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
  /** What the bytes of the inputs are: a label of the Encoding Standard. */
  encoding?: string;
  /** Keep documents that their source calls preliminary. */
  preliminary: boolean;
  /** Keep the notes before the damaged place of a gzip file instead of failing. */
  acceptTruncated: boolean;
  /** The largest file to fetch from an https:// address. */
  maxDownloadBytes: number;
}

/** Called as the run goes: bytes read of all there are, and notes kept. */
export type OnProgress = (bytes: number, totalBytes: number, kept: number) => void;

/** What goes through one run from file to file. */
interface Run {
  options: IngestOptions;
  sift: Sift;
  tally: Tally;
  writer: NotesWriter;
  rejects: RejectsWriter;
  binaries: Binaries;
  mimic: MimicFacts;
}

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
  const find = (inputs: string[]) => findFiles(inputs, options.format, options.encoding);
  // Inputs that are not there are refused before anything is written.
  const known = options.inputs.includes("-") ? undefined : await find(options.inputs);
  using _lock = await lockInterim(paths);
  await using standardInput = await spoolStandardInput(options.inputs, dirname(paths.notes));
  const { files, skipped } = known ?? await find(standardInput.inputs);
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  await using rejects = new RejectsWriter(paths.rejects);
  const writer = await NotesWriter.create(paths.notes);
  const run: Run = {
    options,
    sift: new Sift(
      options,
      await Scans.load(),
      options.columns.context === undefined
        ? undefined
        : (await import("../artifacts/note_contexts.ts")).parseContext,
    ),
    tally: new Tally(),
    writer,
    rejects,
    binaries: new Binaries(),
    mimic: new MimicFacts(),
  };
  const inputs: InputReport[] = [];
  try {
    let before = 0;
    for (const found of await binariesLast(files)) {
      await using fetched = await fetchIfRemote(found, options, onProgress, signal);
      const { file } = fetched;
      try {
        inputs.push(
          await ingestFile(file, run, (bytes) => {
            if (signal?.aborted) throw new Interrupted("Interrupted; notes.parquet is unchanged");
            onProgress(before + bytes, totalBytes, run.tally.kept);
          }),
        );
      } catch (error) {
        if (!(error instanceof NoTextColumn && file.inFolder && files.length > 1)) throw error;
        skipped.push({ name: file.name, why: withoutPrefix(error.message) });
      }
      before += file.bytes;
    }
    for (const { note, source } of run.binaries.left) {
      const detail = "its Binary is in none of the files";
      reject(run, source, note.row, "attachment missing", detail);
    }
    if (run.tally.kept === 0) throw nothingLeft(run.tally, inputs, skipped);
    rejects.end();
    await writer.finish();
  } finally {
    await writer.close();
  }
  await rejects.place();
  const report = await reportOf({
    options,
    origin: await lineageOfNotes(paths, inputs),
    inputs,
    skipped,
    tally: run.tally,
    sift: run.sift,
    mimic: run.mimic,
    duckdb: inputs.some(({ format }) => format === "parquet") ? await duckDbVersion() : null,
    seconds: (performance.now() - started) / 1000,
  });
  await writeJson(paths.ingestReport, report);
  return report;
}

const withoutPrefix = (message: string) => message.replace(/^Cannot read .*?: /, "");

function reject(run: Run, file: string, row: number, reason: string, detail: string): void {
  run.tally.reject(reason);
  run.rejects.add({ file, row, reason, detail });
}

/** Files of FHIR's Binary resources after the documents that refer to them. */
async function binariesLast(files: NoteFile[]): Promise<NoteFile[]> {
  const isBinary = await Promise.all(
    files.map(async ({ format, path }) => {
      if (format !== "fhir") return false;
      const start = new TextDecoder().decode(await head(path, 1 << 12));
      return /"resourceType"\s*:\s*"([A-Za-z]+)"/.exec(start)?.[1] === "Binary";
    }),
  );
  return [...files.filter((_, i) => !isBinary[i]), ...files.filter((_, i) => isBinary[i])];
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
  { format, maxDownloadBytes, encoding }: IngestOptions,
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
    const local = { ...file, path, bytes: size, format: await formatOf(path, format, encoding) };
    return { file: local, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const duckDbVersion = async () => (await import("./read/duckdb.ts")).duckDbVersion;

async function ingestFile(
  file: NoteFile,
  run: Run,
  onBytes: (bytes: number) => void,
): Promise<InputReport> {
  const { options, sift, tally, writer } = run;
  const intake = new Intake();
  let kept = 0, rejected = 0, repeatedIds = 0;
  let columns: Partial<Record<SourceField, string>> = {};
  const lose = (row: number, reason: string, detail: string) => {
    rejected++;
    if (reason === "id used twice") repeatedIds++;
    reject(run, file.name, row, reason, detail);
  };
  const context: ReadContext = {
    columns: options.columns,
    encoding: options.encoding,
    preliminary: options.preliminary,
    binaries: run.binaries,
    reject: lose,
    intake,
    mapped: (found) => columns = found,
  };
  const source = { name: file.name, idScope: file.format === "mimic" ? "MIMIC" : file.name };
  const read = readers[file.format](file, context);
  for await (const raws of hasLines(file) ? joinLines(read, file.name) : read) {
    const notes: SiftedNote[] = [];
    for (const raw of raws) {
      const note = sift.take(raw, source);
      if ("reason" in note) lose(raw.row, note.reason, note.detail);
      else notes.push(note);
    }
    for (const note of notes) tally.keep(note);
    if (file.format === "mimic") run.mimic.see(notes);
    kept += notes.length;
    await writer.write(notes);
    onBytes(intake.bytes);
  }
  if (intake.damage && !options.acceptTruncated) throw cutShort(file.name, intake.damage, kept);
  if (repeatedIds >= 3 && repeatedIds >= kept) throw manyRowsAnId(file.name, repeatedIds);
  run.mimic.end(file.format, columns, kept + rejected);
  const { name, format } = file;
  return {
    name,
    path: isWeb(name) ? name : file.path,
    format,
    bytes: file.bytes,
    sha256: isRemote(file.path) ? null : intake.sha256(),
    damage: intake.damage ?? null,
    trailing_bytes: intake.trailing,
    columns,
    read: kept + rejected,
    kept,
    rejected,
  };
}

/** Formats whose rows may be the lines of a note. */
const hasLines = ({ format }: NoteFile) => ["csv", "jsonl", "parquet"].includes(format);

const manyRowsAnId = (name: string, rows: number) =>
  new InputError(
    `Cannot ingest ${name}: ${format(rows)} rows have the id of a row before; if rows are the ` +
      "lines of one note, name the column that numbers them with --line COL, and if the id is not " +
      "the note's, name the column that is with --id COL",
  );

const cutShort = (name: string, damage: string, kept: number) =>
  new InputError(
    `Cannot read all of ${name}: ${damage}, after ${
      format(kept)
    } whole notes. Get a complete copy, ` +
      "or keep what comes before the damage with --accept-truncated",
  );

function nothingLeft(tally: Tally, inputs: InputReport[], skipped: Skipped[]): InputError {
  const reasons = Object.entries(tally.reasons).map(([reason, count]) => `${reason}: ${count}`);
  if (reasons.length > 0) {
    return new InputError(
      `Cannot write notes.parquet: every note was rejected (${
        reasons.join(", ")
      }); check --text and the other column flags`,
    );
  }
  const names = [...inputs, ...skipped].map(({ name }) => name).slice(0, 5).join(", ");
  const why = skipped.length > 0 ? ` (${skipped[0].name}: ${skipped[0].why})` : "";
  return new InputError(`Cannot ingest ${names}: there is not one note in it${why}`);
}
