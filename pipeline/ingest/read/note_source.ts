/**
 * What every reader produces, whatever the file format: notes as they stand in the source, in
 * batches, and a reason for each row that could not be read.
 */

import type { Intake } from "./intake.ts";

/** A file to read, with what looking at its first bytes told. */
export interface NoteFile {
  path: string;
  /** How the file is named in reports and in the `source` column: relative to the input given. */
  name: string;
  format: Format;
  bytes: number;
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

/** Columns named by the user; the others are recognised by their names. */
export interface ColumnFlags {
  text?: string;
  id?: string;
  patient?: string;
  /** Only ever named: no column is taken for it by its name. */
  context?: string;
}

/** What a reader is given besides the file. */
export interface ReadContext {
  columns: ColumnFlags;
  /** Called with each row that is lost, and why. `detail` never holds note text. */
  reject(row: number, reason: string, detail: string): void;
  /** What has been read of the file: for the progress line and the checksum. */
  intake: Intake;
  /** Called once with the columns of the source that were mapped to fields of a note. */
  mapped(columns: Partial<Record<NoteField, string>>): void;
}

/** Reads one file to its end, in order. */
export type Reader = (file: NoteFile, context: ReadContext) => AsyncIterable<RawNote[]>;

/** An input that cannot be read as notes at all. */
export class InputError extends Error {
  override name = "InputError";
}
