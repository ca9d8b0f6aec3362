/**
 * The thread that writes notes.parquet while the main thread reads: one DuckDB COPY over a table
 * function that takes its rows from a message port as they come. Nothing is staged, so memory holds
 * a few row groups however large the input is.
 */

import { receiveMessageOnPort } from "node:worker_threads";
import {
  type DuckDBDataChunk,
  DuckDBTableFunction,
  type DuckDBTableFunctionInfo,
  INTEGER,
  VARCHAR,
} from "@duckdb/node-api";
import type { Note } from "../artifacts.ts";
import { openDuckDb, sqlString } from "./duckdb.ts";

/** Columns of notes.parquet, in order. */
const columns = {
  note_id: VARCHAR,
  subject_id: VARCHAR,
  hadm_id: VARCHAR,
  note_type: VARCHAR,
  note_seq: INTEGER,
  charttime: VARCHAR,
  storetime: VARCHAR,
  text: VARCHAR,
  split: VARCHAR,
  source: VARCHAR,
} satisfies Record<keyof Note, unknown>;
const names = Object.keys(columns) as (keyof Note)[];

/** About 20 MB of text: what a reader or writer of one row group has to hold. */
const ROW_GROUP_ROWS = 2048;

/** What the worker is told, once. Batches then come through `port`, each announced in `sent`. */
export interface WriterStart {
  path: string;
  port: MessagePort;
  sent: SharedArrayBuffer;
}

/** At most 2,048 notes (DuckDB's vector size), the end of the notes, or the end of the attempt. */
export type WriterMessage = Note[] | "end" | "abort";

/** A batch was taken; the file is complete; or it could not be written. */
export type WriterReply = "taken" | "written" | { error: string };

/** The default types of `self` are a window's. */
interface Worker {
  onmessage(event: MessageEvent<WriterStart>): void;
  postMessage(reply: WriterReply): void;
}
const worker = self as unknown as Worker;

worker.onmessage = async ({ data }) => {
  try {
    await writeParquet(data);
    worker.postMessage("written");
  } catch (error) {
    worker.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};

async function writeParquet({ path, port, sent }: WriterStart): Promise<void> {
  const { connection, close } = await openDuckDb();
  try {
    connection.registerTableFunction(DuckDBTableFunction.create({
      name: "arriving_notes",
      bindFunction: (info) => names.forEach((name) => info.addResultColumn(name, columns[name])),
      initFunction: (info) => info.setMaxThreads(1),
      mainFunction: (info, output) => fill(info, output, nextMessage(port, new Int32Array(sent))),
    }));
    await connection.run(
      `COPY (FROM arriving_notes()) TO ${sqlString(path)}
       (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`,
    );
  } finally {
    close();
    port.close();
  }
}

/**
 * Waits for the next message. DuckDB wants its rows before the function returns, so the thread
 * sleeps on the counter of messages sent instead of returning to its event loop.
 */
function nextMessage(port: MessagePort, sent: Int32Array): WriterMessage {
  // One class to the web's types and to Node's.
  const nodePort = port as unknown as Parameters<typeof receiveMessageOnPort>[0];
  for (;;) {
    const seen = Atomics.load(sent, 0);
    const received = receiveMessageOnPort(nodePort);
    if (received !== undefined) {
      worker.postMessage("taken");
      return received.message as WriterMessage;
    }
    Atomics.wait(sent, 0, seen);
  }
}

/** Puts a batch into DuckDB's chunk; no rows end the scan. */
function fill(info: DuckDBTableFunctionInfo, output: DuckDBDataChunk, message: WriterMessage) {
  const notes = Array.isArray(message) ? message : [];
  if (message === "abort") info.setError("abandoned");
  output.rowCount = notes.length;
  if (notes.length === 0) return;
  names.forEach((name, index) => {
    const vector = output.getColumnVector(index);
    notes.forEach((note, row) => vector.setItem(row, note[name]));
    vector.flush();
  });
}
