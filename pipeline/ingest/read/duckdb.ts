/** DuckDB with bounded memory. */

import { DuckDBInstance, version } from "@duckdb/node-api";

/** Enough for the row groups being read. */
const MEMORY_LIMIT = "1GB";

/**
 * An in-memory database. Call `close` when done. One thread, because rows are read in order: a second
 * one made ingest of 66 MB of notes take 1.44 instead of 1.37 s of CPU time (`deno task ingest
 * notes.parquet --near-duplicates 0`, medians of 3).
 */
export async function openDuckDb() {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: MEMORY_LIMIT,
    threads: "1",
  });
  const connection = await instance.connect();
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** `text` as an SQL string literal. */
export const sqlString = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The version of DuckDB itself, as recorded in reports. */
export const duckDbVersion = version();
