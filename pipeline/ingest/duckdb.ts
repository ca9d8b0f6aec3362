/** DuckDB with bounded memory. */

import { DuckDBInstance, version } from "@duckdb/node-api";

/** Enough for the row groups being read. */
const MEMORY_LIMIT = "1GB";

/**
 * An in-memory database. Call `close` when done. One thread: a second one only waits for rows that
 * come one batch after the other, and it waits so busily that ingest took half as long again.
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
