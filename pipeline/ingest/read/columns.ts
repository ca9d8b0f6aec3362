/** Finds which columns of a source hold the fields of a note. */

import {
  type ColumnFlags,
  noteFields,
  NoTextColumn,
  type SourceField,
  sourceFields,
} from "./note_source.ts";

export type { SourceField };

/**
 * Names under which a field is recognised, best first. Compared in lower case without anything
 * but letters and digits, so `Note ID`, `note_id` and `NoteId` are the same.
 */
const knownNames: Record<SourceField, readonly string[]> = {
  note_id: ["noteid", "id", "documentid", "docid", "reportid", "noteidentifier", "rowid", "uid"],
  subject_id: [
    "subjectid",
    "patientid",
    "personid",
    "patid",
    "patient",
    "subject",
    "mrn",
    "patientnumber",
  ],
  hadm_id: [
    "hadmid",
    "encounterid",
    "visitid",
    "visitoccurrenceid",
    "admissionid",
    "encounter",
    "csn",
  ],
  note_type: ["notetype", "category", "documenttype", "reporttype", "type", "notetypename"],
  note_seq: ["noteseq", "sequence", "seq"],
  charttime: [
    "charttime",
    "chartdate",
    "notedate",
    "notedatetime",
    "date",
    "datetime",
    "documentdate",
  ],
  storetime: ["storetime", "storedate", "filedtime", "signedtime"],
  text: [
    "text",
    "notetext",
    "note",
    "reporttext",
    "report",
    "content",
    "body",
    "transcription",
    "document",
  ],
  context: [],
  line: ["line", "noteline", "linenum", "linenumber", "lineno", "noteline"],
  error: ["iserror"],
};

/** MIMIC-IV-Note's columns in their order, also of the headerless exports. */
export const mimicColumns: readonly string[] = noteFields.filter((field) => field !== "context");

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/**
 * Maps fields to positions in `columns`. Flags win over recognised names; a flag that names no
 * column, or a source in which no text column can be found, is an `InputError` that lists them.
 * `named` says that `columns` come from the file, whose first row may be a note.
 */
export function mapColumns(
  columns: readonly string[],
  flags: ColumnFlags,
  name: string,
  named = true,
): Partial<Record<SourceField, number>> {
  if (named && columns.some(cannotBeName)) throw looksLikeData(name);
  const mapping: Partial<Record<SourceField, number>> = {};
  const flagged: [SourceField, string, string | undefined][] = [
    ["text", "--text", flags.text],
    ["note_id", "--id", flags.id],
    ["subject_id", "--patient", flags.patient],
    ["context", "--context", flags.context],
    ["line", "--line", flags.line],
  ];
  for (const [field, flag, column] of flagged) {
    if (column === undefined) continue;
    const position = findColumn(columns, column);
    if (position < 0) {
      if (named && looksLikeFirstRow(columns)) throw looksLikeData(name);
      throw new NoTextColumn(
        `Cannot read ${name}: ${flag} names "${column}", but ${listed(columns)}`,
      );
    }
    mapping[field] = position;
  }
  addKnown(columns, mapping);
  if (mapping.text !== undefined) return mapping;
  if (named && looksLikeFirstRow(columns)) throw looksLikeData(name);
  throw new NoTextColumn(
    `Cannot read ${name}: no column looks like the text of a note; name it with --text COL (${
      listed(columns)
    })`,
  );
}

/** Fills in what the names of the columns tell and is not mapped yet; whether that was anything. */
export function addKnown(
  columns: readonly string[],
  mapping: Partial<Record<SourceField, number>>,
): boolean {
  const taken = new Set(Object.values(mapping));
  const positions = columns.map(plain);
  let added = false;
  for (const field of sourceFields) {
    if (mapping[field] !== undefined) continue;
    const position = knownNames[field]
      .map((known) => positions.indexOf(known))
      .find((index) => index >= 0 && !taken.has(index));
    if (position === undefined) continue;
    mapping[field] = position;
    taken.add(position);
    added = true;
  }
  return added;
}

const LONGEST_NAME = 40, NAMES_LISTED = 20;

/** The columns for a message, without any that could be what a patient's note says. */
function listed(columns: readonly string[]): string {
  const shown = columns.slice(0, NAMES_LISTED).map((column) =>
    column.length <= LONGEST_NAME && !cannotBeName(column) ? `"${column}"` : "(not a name)"
  );
  const more = columns.length - shown.length;
  return `the columns are ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Longer than a name, or on several lines. */
const cannotBeName = (column: string) => column.length > 100 || /[\n\r]/.test(column);

/** Numbers, dates, sentences or the same thing twice: a row of data where names should be. */
function looksLikeFirstRow(columns: readonly string[]): boolean {
  const filled = columns.filter((column) => column !== "");
  return new Set(filled).size < filled.length ||
    filled.some((column) =>
      /^[\d.,:/ -]+$/.test(column) || /^\d{4}-\d\d-\d\d/.test(column) ||
      column.length > LONGEST_NAME || column.split(/\s+/).length > 5 || /[.!?](\s|$)/.test(column)
    );
}

const looksLikeData = (name: string) =>
  new NoTextColumn(
    `Cannot read ${name}: the first row looks like data, not like names of columns; ` +
      "add a first line that names them, such as note_id,patient_id,text",
  );

/** Exact name first, then regardless of case. */
function findColumn(columns: readonly string[], wanted: string): number {
  const exact = columns.indexOf(wanted);
  if (exact >= 0) return exact;
  return columns.findIndex((column) => column.toLowerCase() === wanted.toLowerCase());
}

/** The mapping by names instead of positions, for ingest.json. */
export function mappingNames(
  columns: readonly string[],
  mapping: Partial<Record<SourceField, number>>,
): Partial<Record<SourceField, string>> {
  return Object.fromEntries(
    Object.entries(mapping).map(([field, position]) => [field, columns[position]]),
  );
}
