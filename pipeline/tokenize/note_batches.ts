/** notes.parquet as a stream of batches: a few megabytes of UTF-8 each, ready for a worker. */

import { DuckDBBlobVector, DuckDBInstance } from "@duckdb/node-api";
import { type Note, type Split, splits } from "../artifacts.ts";
import { ArtifactError, requireFile } from "../lib/base/files.ts";

/** Notes one after the other. Every array can be handed to a worker without a copy. */
export interface NoteBatch {
  bytes: Uint8Array<ArrayBuffer>;
  /** Note `i` is `bytes[ends[i - 1] ?? 0..ends[i]]`. */
  ends: Uint32Array<ArrayBuffer>;
  /** Index of each note's split in `splits`. */
  splits: Uint8Array<ArrayBuffer>;
}

const BATCH_BYTES = 4 << 20;
const MADE_BY = "deno task ingest";
const needed: readonly (keyof Note)[] = ["text", "split"];

/** Number of notes by split; an `ArtifactError` if `path` is not a notes.parquet with notes. */
export async function countNotes(path: string): Promise<Record<Split, number>> {
  await requireFile(path, MADE_BY);
  const counts: Record<Split, number> = { train: 0, val: 0, test: 0 };
  await withConnection(path, async (connection) => {
    const columns = await connection.runAndReadAll("DESCRIBE FROM read_parquet($path)", { path });
    const names = columns.getRows().map(([name]) => name);
    const missing = needed.find((name) => !names.includes(name));
    if (missing !== undefined) {
      throw unreadable(path, `it has no column "${missing}" (only ${names.join(", ")})`);
    }
    const rows = await connection.runAndReadAll(
      "SELECT split, count(*) FROM read_parquet($path) GROUP BY split",
      { path },
    );
    for (const [split, count] of rows.getRows()) {
      if (!splits.includes(split as Split)) {
        throw unreadable(path, `split "${split}", expected ${splits.join(", ")}`);
      }
      counts[split as Split] = Number(count);
    }
  });
  if (counts.train === 0) throw unreadable(path, "it has no notes in the train split");
  return counts;
}

export interface NoteSelection {
  /** Skips this many rows of the file. */
  from?: number;
  /** Only the notes of this split. */
  split?: Split;
}

/** The notes of `path` in file order. */
export async function* readNoteBatches(
  path: string,
  { from = 0, split }: NoteSelection = {},
): AsyncGenerator<NoteBatch> {
  // One DuckDB thread keeps up with several encoders, and leaves the rows in the file's order.
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    // DuckDB counts 16 bytes for a text of any length, so its default of 1 MB is 0.7 GB of notes.
    await connection.run("SET streaming_buffer_size = '64KB'");
    const result = await connection.stream(
      `SELECT encode(text), split FROM read_parquet($path, file_row_number = true)
       WHERE file_row_number >= $from ${split === undefined ? "" : "AND split = $split"}`,
      { path, from, ...(split === undefined ? {} : { split }) },
    );
    let batch = new BatchBuilder();
    for (let chunk; (chunk = await result.fetchChunk()) !== null && chunk.rowCount > 0;) {
      const texts = chunk.getColumnVector(0) as DuckDBBlobVector;
      const noteSplits = chunk.getColumnVector(1);
      for (let row = 0; row < chunk.rowCount; row++) {
        const text = texts.getItemBytes(row);
        if (text === null) throw unreadable(path, "a note has no text (NULL)");
        batch.add(text, splits.indexOf(noteSplits.getItem(row) as Split));
        if (batch.size < BATCH_BYTES) continue;
        yield batch.build();
        batch = new BatchBuilder();
      }
      // Memory that V8 does not know of: its collector would let it pile up.
      chunk.reset();
    }
    if (batch.size > 0) yield batch.build();
  } catch (error) {
    throw error instanceof ArtifactError ? error : unreadable(path, firstLine(error));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

class BatchBuilder {
  size = 0;
  /** Texts are copied at once: they lie in memory that DuckDB uses again. */
  #bytes = new Uint8Array(BATCH_BYTES + (BATCH_BYTES >> 2));
  readonly #ends: number[] = [];
  readonly #splits: number[] = [];

  add(text: Uint8Array, split: number): void {
    const end = this.#end + text.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(end * 2);
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    this.#bytes.set(text, this.#end);
    this.#ends.push(end);
    this.#splits.push(split);
    this.size += text.length + 1;
  }

  get #end(): number {
    return this.#ends.at(-1) ?? 0;
  }

  build(): NoteBatch {
    return {
      bytes: this.#bytes.slice(0, this.#end),
      ends: Uint32Array.from(this.#ends),
      splits: Uint8Array.from(this.#splits),
    };
  }
}

type Connection = Awaited<ReturnType<DuckDBInstance["connect"]>>;

async function withConnection(
  path: string,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    await use(connection);
  } catch (error) {
    throw error instanceof ArtifactError ? error : unreadable(path, firstLine(error));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const unreadable = (path: string, why: string) =>
  new ArtifactError(`Cannot read notes ${path}: ${why}; run "${MADE_BY}" again`);

const firstLine = (error: unknown) => String((error as Error).message).split("\n")[0];
