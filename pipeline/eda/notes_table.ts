/** notes.parquet as SQL sees it: counts, a sample, and the stream of texts. */

import { type DuckDBBlobVector, DuckDBInstance } from "@duckdb/node-api";
import { ArtifactError, requireFile } from "../lib/base/files.ts";
import type { Batch } from "./scan.ts";
import type { SampleNote } from "./shared.ts";

const MADE_BY = "deno task ingest";
const BATCH_BYTES = 4 << 20;
/**
 * How far DuckDB reads ahead. It counts 16 bytes for a text of any length, so that its default of
 * 1 MB held thirty vectors of 2,048 notes: 0.7 GB.
 */
const AHEAD = "64KB";
/** Row groups being decoded, and the counts' hash tables. DuckDB gets one thread: the cores are for scanning. */
const MEMORY_LIMIT = "512MB";

export interface Counts {
  notes: number;
  patients: number;
  admissions: number;
  /** Notes whose patient is known only by the note's own id. */
  notes_without_patient: number;
  notes_without_admission: number;
  notes_without_storetime: number;
  by_type: { type: string; notes: number }[];
  by_split: { split: string; notes: number; patients: number }[];
  by_source: { source: string; notes: number }[];
  /** Of charttime; MIMIC shifts each patient's dates to between 2100 and 2210. */
  by_year: { year: number; notes: number }[];
  notes_per_patient: { notes: number; patients: number }[];
}

/** An open notes.parquet. Call `close` when done. */
export class NotesTable {
  readonly #path: string;
  readonly #instance: DuckDBInstance;
  readonly #connection: Awaited<ReturnType<DuckDBInstance["connect"]>>;

  private constructor(
    path: string,
    instance: DuckDBInstance,
    connection: Awaited<ReturnType<DuckDBInstance["connect"]>>,
  ) {
    this.#path = path;
    this.#instance = instance;
    this.#connection = connection;
  }

  /** Opens `path`; an `ArtifactError` if it is missing or not a notes.parquet with notes. */
  static async open(path: string): Promise<NotesTable> {
    await requireFile(path, MADE_BY);
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: MEMORY_LIMIT,
      threads: "1",
    });
    const connection = await instance.connect();
    const table = new NotesTable(path, instance, connection);
    try {
      await table.#query(
        `CREATE VIEW notes AS SELECT note_id, subject_id, hadm_id, note_type, charttime, storetime,
         text, split, source FROM read_parquet('${path.replaceAll("'", "''")}')`,
      );
      const [[notes]] = await table.#query("SELECT count(*) FROM notes");
      if (Number(notes) === 0) throw new Error("it holds no notes");
      return table;
    } catch (error) {
      table.close();
      const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
      throw new ArtifactError(`Cannot read ${path}: ${why}; run "${MADE_BY}" again`);
    }
  }

  async #query(sql: string): Promise<unknown[][]> {
    return (await this.#connection.runAndReadAll(sql)).getRows();
  }

  async counts(): Promise<Counts> {
    const [totals] = await this.#query(
      `SELECT count(*), count(DISTINCT subject_id), count(DISTINCT hadm_id),
         count(*) FILTER (subject_id = note_id), count(*) FILTER (hadm_id IS NULL),
         count(*) FILTER (storetime IS NULL) FROM notes`,
    );
    const [notes, patients, admissions, withoutPatient, withoutAdmission, withoutStoretime] = totals
      .map(Number);
    const types = await this.#query(
      "SELECT note_type, count(*) FROM notes GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50",
    );
    const bySplit = await this.#query(
      `SELECT split, count(*), count(DISTINCT subject_id) FROM notes
       GROUP BY 1 ORDER BY list_position(['train', 'val', 'test'], split)`,
    );
    const sources = await this.#query(
      "SELECT source, count(*) FROM notes GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50",
    );
    const years = await this.#query(
      `SELECT year(TRY_CAST(charttime AS TIMESTAMP)) AS y, count(*) FROM notes
       WHERE y IS NOT NULL GROUP BY 1 ORDER BY 1`,
    );
    const perPatient = await this.#query(
      `SELECT n, count(*) FROM (SELECT count(*) AS n FROM notes GROUP BY subject_id)
       GROUP BY 1 ORDER BY 1`,
    );
    return {
      notes,
      patients,
      admissions,
      notes_without_patient: withoutPatient,
      notes_without_admission: withoutAdmission,
      notes_without_storetime: withoutStoretime,
      by_type: types.map(([type, count]) => ({ type: String(type), notes: Number(count) })),
      by_split: bySplit.map(([split, count, people]) => ({
        split: String(split),
        notes: Number(count),
        patients: Number(people),
      })),
      by_source: sources.map(([source, count]) => ({
        source: String(source),
        notes: Number(count),
      })),
      by_year: years.map(([year, count]) => ({ year: Number(year), notes: Number(count) })),
      notes_per_patient: perPatient.map(([count, people]) => ({
        notes: Number(count),
        patients: Number(people),
      })),
    };
  }

  /** At least `count` notes (all, if there are fewer), evenly spread over the file. */
  async sample(count: number, notes: number): Promise<SampleNote[]> {
    const every = Math.max(1, Math.floor(notes / count));
    const rows = await this.#query(
      `SELECT text, subject_id FROM read_parquet('${
        this.#path.replaceAll("'", "''")
      }', file_row_number = true) WHERE file_row_number % ${every} = 0`,
    );
    return rows.map(([text, patient]) => ({ text: String(text), patient: String(patient) }));
  }

  /** All texts in the order of the file, as UTF-8, a few megabytes at a time. */
  async *batches(): AsyncGenerator<Batch> {
    await this.#query(`SET streaming_buffer_size = '${AHEAD}'`);
    const result = await this.#connection.stream("SELECT encode(text) FROM notes");
    let texts: Uint8Array[] = [];
    let size = 0, first = 0;
    const batch = () => {
      const ready = packed(first, texts, size);
      first += texts.length;
      texts = [];
      size = 0;
      return ready;
    };
    for await (const chunk of result) {
      const vector = chunk.getColumnVector(0) as DuckDBBlobVector;
      for (let row = 0; row < chunk.rowCount; row++) {
        // The bytes belong to the chunk, which is freed when the next one comes.
        const text = vector.getItemBytes(row)?.slice() ?? new Uint8Array(0);
        texts.push(text);
        size += text.length;
        if (size >= BATCH_BYTES) yield batch();
      }
      // 20 MB of text that V8 does not know of: waiting for its collector would hold gigabytes.
      chunk.reset();
    }
    if (texts.length > 0) yield batch();
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

function packed(first: number, texts: Uint8Array[], size: number): Batch {
  const bytes = new Uint8Array(size);
  const ends = new Uint32Array(texts.length);
  let at = 0;
  texts.forEach((text, index) => {
    bytes.set(text, at);
    ends[index] = at += text.length;
  });
  return { first, bytes, ends };
}
