/**
 * Which split a patient belongs to. The answer depends on the patient id alone, so it never
 * changes when data are added, and all notes of a patient are always on the same side.
 *
 * Take SHA-256 of the id as UTF-8, its first 8 hexadecimal digits as a number, modulo 100:
 * 0-89 is train, 90-94 val, 95-99 test. In SQL (DuckDB):
 *
 * ```sql
 * CAST('0x' || substr(sha256(subject_id), 1, 8) AS UBIGINT) % 100
 * ```
 */

import { createHash } from "node:crypto";
import type { Split } from "../../artifacts.ts";

/** Recorded in ingest.json, so that a reader of the data can repeat the assignment. */
export const SPLIT_RULE =
  "first 8 hex digits of sha256(subject_id) as a number, modulo 100: 0-89 train, 90-94 val, 95-99 test";

/** The split of one patient. */
export function splitOf(subjectId: string): Split {
  const hash = createHash("sha256").update(subjectId).digest();
  const percentile = hash.readUInt32BE(0) % 100;
  return percentile < 90 ? "train" : percentile < 95 ? "val" : "test";
}
