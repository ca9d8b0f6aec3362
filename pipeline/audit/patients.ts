/** Whose note each document of a token file is. */

import { DuckDBInstance } from "@duckdb/node-api";
import { type Split } from "../artifacts.ts";
import { exists } from "../lib/base/files.ts";
import { spread } from "../lib/gpt/scoring/documents.ts";

/**
 * The patient of each note of a split, in the order of its token file; undefined where there is no
 * notes.parquet, or where it is not the one that the tokens were made of.
 */
export async function patientsOf(
  notes: string,
  split: Split,
  documents: number,
): Promise<string[] | undefined> {
  if (!await exists(notes)) return;
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    const rows = await connection.runAndReadAll(
      `SELECT subject_id FROM read_parquet($notes, file_row_number = true)
       WHERE split = $split ORDER BY file_row_number`,
      { notes, split },
    );
    const patients = rows.getRows().map(([patient]) => String(patient));
    return patients.length === documents ? patients : undefined;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Something of a patient, such as a note. */
export interface Owned {
  patient: string;
}

/**
 * Cuts `notes` in two by patient, so that nobody's are in both halves: one to attack, one for the
 * reference model to learn from.
 */
export function halvesByPatient<T extends Owned>(
  notes: readonly T[],
): { attacked: T[]; reference: T[] } {
  const number = new Map<string, number>();
  const attacked: T[] = [], reference: T[] = [];
  for (const note of notes) {
    if (!number.has(note.patient)) number.set(note.patient, number.size);
    (number.get(note.patient)! % 2 === 0 ? attacked : reference).push(note);
  }
  return { attacked, reference };
}

/** At most `count` of `notes`, of as many patients as there are: one of each before a second. */
export function spreadByPatient<T extends Owned>(notes: readonly T[], count: number): T[] {
  const seen = new Map<string, number>();
  const rounds = notes.map((note) => {
    const round = seen.get(note.patient) ?? 0;
    seen.set(note.patient, round + 1);
    return { note, round };
  });
  const chosen: T[] = [];
  for (let round = 0; chosen.length < Math.min(count, notes.length); round++) {
    const here = rounds.filter((entry) => entry.round === round).map(({ note }) => note);
    chosen.push(...spread(here, count - chosen.length));
  }
  return chosen;
}
