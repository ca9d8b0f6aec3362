/**
 * What every reader produces, whatever the file format: notes as they stand in the source, in
 * batches, and a reason for each row that could not be read.
 */

import type { Binaries } from "./fhir_binaries.ts";
import type { Intake } from "./intake.ts";

/** A file to read, with what looking at its first bytes told. */
export interface NoteFile {
  path: string;
  /** How the file is named in reports and in the `source` column: relative to the input given. */
  name: string;
  format: Format;
  bytes: number;
  /** It was found in a folder: if it holds no notes, it is passed over. */
  inFolder?: boolean;
}

export const formats = ["mimic", "csv", "jsonl", "parquet", "text", "fhir"] as const;
export type Format = typeof formats[number];

/** An address: https:// is downloaded first (download.ts), the others DuckDB reads itself. */
export const isRemote = (input: string): boolean => /^(https?|s3|gs|gcs|r2|hf):\/\//.test(input);

/** A note before cleaning; null where the source has nothing. */
export interface RawNote {
  /** 1-based position in the file: data row, line, resource or attachment. */
  row: number;
  note_id: string | null;
  subject_id: string | null;
  hadm_id: string | null;
  note_type: string | null;
  note_seq: string | null;
  charttime: string | null;
  storetime: string | null;
  /** What was known of the patient: a text, or a JSON list of texts. */
  context?: string | null;
  /**
   * UTF-8; bytes that are not are read as Windows-1252. Valid until the next batch is asked for: it
   * may lie in memory that the reader uses again.
   */
  text: Uint8Array;
  /** Which line of a note this is, where a note is spread over several rows. */
  line?: string | null;
  /** The source marks the note as an error. */
  error?: string | null;
  /** What the id is unique among, besides the file: a type of FHIR resource. */
  scope?: string;
  /** The reader had to decode the text, and found bytes that were not UTF-8. */
  decodedAsCp1252?: boolean;
}

/** The fields of a note that a column of the source can fill. */
export const noteFields = [
  "note_id",
  "subject_id",
  "hadm_id",
  "note_type",
  "note_seq",
  "charttime",
  "storetime",
  "text",
  "context",
] as const;
export type NoteField = typeof noteFields[number];

/** Besides those, columns that say how to read the others. */
export const sourceFields = [...noteFields, "line", "error"] as const;
export type SourceField = typeof sourceFields[number];

/** A note of which only the text is known so far. */
export const emptyNote = (row: number, text: Uint8Array): RawNote => ({
  row,
  note_id: null,
  subject_id: null,
  hadm_id: null,
  note_type: null,
  note_seq: null,
  charttime: null,
  storetime: null,
  text,
});

/** Columns named by the user; the others are recognised by their names. */
export interface ColumnFlags {
  text?: string;
  id?: string;
  patient?: string;
  /** Only ever named: no column is taken for it by its name. */
  context?: string;
  line?: string;
}

/** What a reader is given besides the file. */
export interface ReadContext {
  columns: ColumnFlags;
  /** What the bytes are, where the user said so: a label of the Encoding Standard. */
  encoding?: string;
  /** Preliminary documents count as notes. */
  preliminary?: boolean;
  /** Called with each row that is lost, and why. `detail` never holds note text. */
  reject(row: number, reason: string, detail: string): void;
  /** What has been read of the file: for the progress line and the checksum. */
  intake: Intake;
  /** Called once with the columns of the source that were mapped to fields of a note. */
  mapped(columns: Partial<Record<SourceField, string>>): void;
  /** Binary resources of FHIR, which other files refer to. */
  binaries?: Binaries;
}

/** Reads one file to its end, in order. */
export type Reader = (file: NoteFile, context: ReadContext) => AsyncIterable<RawNote[]>;

/** An input that cannot be read as notes at all. */
export class InputError extends Error {
  override name = "InputError";
}

/** A table, but not one of notes; beside others it may be passed over. */
export class NoTextColumn extends InputError {
  override name = "NoTextColumn";
}
