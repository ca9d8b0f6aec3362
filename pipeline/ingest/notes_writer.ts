/** Writes notes.parquet through DuckDB, without ever leaving half of one. */

import { DuckDBDataChunk, INTEGER, VARCHAR } from "@duckdb/node-api";
import { dirname, join } from "@std/path";
import { type Note, syncFolder, temporaryName } from "../artifacts.ts";
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

/** DuckDB's vector size: the most rows a chunk can hold. */
const CHUNK_ROWS = 2048;
/** About 40 MB of text: what a reader or writer of one row group has to hold. */
const ROW_GROUP_ROWS = 4096;

/** Collects notes in a table that spills to disk, then writes them in one go. */
export class NotesWriter {
  readonly #path: string;
  readonly #spill: string;
  readonly #database: Awaited<ReturnType<typeof openDuckDb>>;
  readonly #appender: Appender;
  #pending: Note[] = [];

  private constructor(
    path: string,
    spill: string,
    database: Awaited<ReturnType<typeof openDuckDb>>,
    appender: Appender,
  ) {
    this.#path = path;
    this.#spill = spill;
    this.#database = database;
    this.#appender = appender;
  }

  /** A writer for `path`. What a killed run left beside it is removed first. */
  static async create(path: string): Promise<NotesWriter> {
    const folder = dirname(path);
    await Deno.mkdir(folder, { recursive: true });
    await removeLeftovers(path);
    const spill = join(folder, `${temporaryName(path).slice(folder.length + 1)}.spill`);
    const database = await openDuckDb(spill);
    const declarations = names.map((name) => `${name} ${columns[name]}`).join(", ");
    await database.connection.run(`CREATE TABLE notes (${declarations})`);
    const appender = await database.connection.createAppender("notes");
    return new NotesWriter(path, spill, database, appender);
  }

  append(note: Note): void {
    this.#pending.push(note);
    if (this.#pending.length === CHUNK_ROWS) this.#flush();
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    const chunk = DuckDBDataChunk.create(names.map((name) => columns[name]), this.#pending.length);
    chunk.setColumns(names.map((name) => this.#pending.map((note) => note[name])));
    this.#appender.appendDataChunk(chunk);
    this.#appender.flushSync();
    this.#pending = [];
  }

  /** Puts the finished file in the place of the previous one. */
  async finish(): Promise<void> {
    this.#flush();
    this.#appender.closeSync();
    const temporary = temporaryName(this.#path);
    try {
      await this.#database.connection.run(
        `COPY notes TO ${sqlString(temporary)}
         (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`,
      );
      const file = await Deno.open(temporary, { read: true, write: true });
      await file.sync();
      file.close();
      await Deno.rename(temporary, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
  }

  /** Frees the memory and the spill folder, after `finish` or instead of it. */
  async close(): Promise<void> {
    this.#database.close();
    await Deno.remove(this.#spill, { recursive: true }).catch(() => {});
  }
}

type Appender = Awaited<
  ReturnType<Awaited<ReturnType<typeof openDuckDb>>["connection"]["createAppender"]>
>;

async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const stem = path.slice(folder.length + 1) + ".";
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(stem) && /\.tmp(\.spill)?$/.test(name)) {
      await Deno.remove(join(folder, name), { recursive: true });
    }
  }
}
