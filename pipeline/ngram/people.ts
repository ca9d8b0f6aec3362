/** Who is counted: the patients that the source names, and what notes without one are taken for. */

import { DuckDBInstance } from "@duckdb/node-api";
import type { Report } from "../artifacts/reports.ts";
import { format } from "../lib/base/format.ts";
import { requireFile } from "../lib/base/files.ts";
import { type Authored, clusterNotes, COPIED_WORDS } from "./clusters.ts";

type Counted = NonNullable<Report<"ngram">["counted"]>;

export interface People {
  /** The person of each training note, in file order, which is also the order of train.bin. */
  of: number[];
  counted: Counted;
}

/** The people of the training notes in the notes.parquet at `path`. */
export async function peopleOf(path: string, notesArePatients?: string): Promise<People> {
  const notes = await trainNotes(path);
  const unnamed = notes.filter(({ patient }) => patient === undefined).length;
  const taken = notesArePatients === undefined
    ? notes
    : notes.map(({ text, patient }, note) => ({ text, patient: patient ?? `note ${note}` }));
  const of = clusterNotes(taken);
  const groups = new Set(of.filter((_, note) => notes[note].patient === undefined)).size;
  return {
    of,
    counted: {
      people: new Set(of).size,
      unnamedNotes: unnamed,
      groups,
      ...(unnamed > 0 && notesArePatients !== undefined ? { acceptedRisk: notesArePatients } : {}),
    },
  };
}

/** What whoever counted notes without a patient has to know. */
export function unnamedText({ unnamedNotes, groups, acceptedRisk }: Counted): string[] {
  if (unnamedNotes === 0) return [];
  const notes = `${format(unnamedNotes)} notes name no patient and were counted as`;
  if (acceptedRisk !== undefined) {
    return [`${notes} those of as many patients, because: ${acceptedRisk}`];
  }
  return [
    `${notes} those of ${format(groups)} people: notes that share ${COPIED_WORDS} words in a row ` +
    'are one person\'s. Name their patients with "deno task ingest --patient COLUMN", or give ' +
    '--notes-are-patients "reason" where each is of a patient of its own',
  ];
}

/** Notes with the patient that their source named: ingest gives the others the note's own id. */
async function trainNotes(path: string): Promise<Authored[]> {
  await requireFile(path, "deno task ingest");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    // Texts are compared only where some note names nobody.
    const rows = await connection.runAndReadAll(
      `WITH notes AS (
         SELECT *, file_row_number AS row FROM read_parquet($path, file_row_number = true)
         WHERE split = 'train')
       SELECT subject_id, subject_id = note_id,
         CASE WHEN (SELECT bool_or(subject_id = note_id) FROM notes) THEN text ELSE '' END
       FROM notes ORDER BY row`,
      { path },
    );
    return rows.getRows().map(([patient, unnamed, text]) => ({
      text: String(text),
      ...(unnamed ? {} : { patient: String(patient) }),
    }));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
