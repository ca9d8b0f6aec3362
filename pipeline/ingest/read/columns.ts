/** Finds which columns of a source hold the fields of a note. */

import { type ColumnFlags, InputError, type NoteField, noteFields } from "./note_source.ts";

/**
 * Names under which a field is recognised, best first. Compared in lower case without anything
 * but letters and digits, so `Note ID`, `note_id` and `NoteId` are the same.
 */
const knownNames: Record<NoteField, readonly string[]> = {
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
};

/** MIMIC-IV-Note's columns in their order, also of the headerless exports. */
export const mimicColumns: readonly string[] = noteFields.filter((field) => field !== "context");

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/**
 * Maps fields to positions in `columns`. Flags win over recognised names; a flag that names no
 * column, or a source in which no text column can be found, is an `InputError` that lists them.
 */
export function mapColumns(
  columns: readonly string[],
  flags: ColumnFlags,
  name: string,
): Partial<Record<NoteField, number>> {
  const there = `the columns are ${columns.map((column) => `"${column}"`).join(", ")}`;
  const mapping: Partial<Record<NoteField, number>> = {};
  const named: [NoteField, string, string | undefined][] = [
    ["text", "--text", flags.text],
    ["note_id", "--id", flags.id],
    ["subject_id", "--patient", flags.patient],
    ["context", "--context", flags.context],
  ];
  for (const [field, flag, column] of named) {
    if (column === undefined) continue;
    const position = findColumn(columns, column);
    if (position < 0) {
      throw new InputError(`Cannot read ${name}: ${flag} names "${column}", but ${there}`);
    }
    mapping[field] = position;
  }
  const taken = new Set(Object.values(mapping));
  const positions = columns.map(plain);
  for (const field of noteFields) {
    if (mapping[field] !== undefined) continue;
    const position = knownNames[field]
      .map((known) => positions.indexOf(known))
      .find((index) => index >= 0 && !taken.has(index));
    if (position === undefined) continue;
    mapping[field] = position;
    taken.add(position);
  }
  if (mapping.text === undefined) {
    throw new InputError(
      `Cannot read ${name}: no column looks like the text of a note; name it with --text COL (${there})`,
    );
  }
  return mapping;
}

/** Exact name first, then regardless of case. */
function findColumn(columns: readonly string[], wanted: string): number {
  const exact = columns.indexOf(wanted);
  if (exact >= 0) return exact;
  return columns.findIndex((column) => column.toLowerCase() === wanted.toLowerCase());
}

/** The mapping by names instead of positions, for ingest.json. */
export function mappingNames(
  columns: readonly string[],
  mapping: Partial<Record<NoteField, number>>,
): Partial<Record<NoteField, string>> {
  return Object.fromEntries(
    Object.entries(mapping).map(([field, position]) => [field, columns[position]]),
  );
}
