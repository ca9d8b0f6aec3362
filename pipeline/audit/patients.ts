/** Whose note each document of a token file is. */

import { DuckDBInstance } from "@duckdb/node-api";
import { type Split } from "../artifacts.ts";
import { exists } from "../lib/base/files.ts";

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

/**
 * Cuts `documents` in two by patient, so that nobody's notes are in both halves: one to attack, one
 * for the reference model to learn from. Without patients every document is taken for somebody's
 * only one.
 */
export function halvesByPatient<T>(
  documents: readonly T[],
  patients: readonly string[] | undefined,
): { attacked: T[]; reference: T[] } {
  const number = new Map<string, number>();
  const attacked: T[] = [], reference: T[] = [];
  documents.forEach((document, index) => {
    const patient = patients?.[index] ?? `${index}`;
    if (!number.has(patient)) number.set(patient, number.size);
    (number.get(patient)! % 2 === 0 ? attacked : reference).push(document);
  });
  return { attacked, reference };
}
