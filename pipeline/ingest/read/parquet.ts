/** Parquet through DuckDB, local (what was https:// is by then) or, by its address, s3://. */

import { openDuckDb, sqlString } from "./duckdb.ts";
import { mapColumns, mappingNames } from "./columns.ts";
import {
  InputError,
  isRemote,
  type NoteField,
  noteFields,
  type NoteFile,
  type RawNote,
  type ReadContext,
} from "./note_source.ts";

const encoder = new TextEncoder();

/** Reads the mapped columns of a Parquet file in its own order, a vector of rows at a time. */
export async function* readParquet(
  file: NoteFile,
  context: ReadContext,
): AsyncGenerator<RawNote[]> {
  if (!isRemote(file.path)) await checksum(file.path, context);
  const { connection, close } = await openDuckDb();
  try {
    const source = `read_parquet(${sqlString(file.path)})`;
    const columns = await columnNames(connection, source, file.name);
    const mapping = mapColumns(columns, context.columns, file.name);
    context.mapped(mappingNames(columns, mapping));
    const expressions = noteFields.map((field) => expression(field, columns, mapping));
    // DuckDB counts 16 bytes for a text of any length, so its default of 1 MB is 0.7 GB of notes.
    await connection.run("SET streaming_buffer_size = '64KB'");
    const result = await connection.stream(`SELECT ${expressions.join(", ")} FROM ${source}`);
    let row = 0;
    for await (const chunk of result) {
      const values = chunk.getColumns() as (string | null)[][];
      const notes = Array.from({ length: chunk.rowCount }, (_, index) => {
        const note = Object.fromEntries(
          noteFields.map((field, column) => [field, values[column][index]]),
        ) as Record<NoteField, string | null>;
        return { ...note, row: ++row, text: encoder.encode(note.text ?? "") };
      });
      // Memory that V8 does not know of: its collector would let it pile up.
      chunk.reset();
      yield notes;
    }
  } finally {
    close();
  }
}

/** DuckDB reads the file itself, so its bytes are read once more for the checksum. */
async function checksum(path: string, context: ReadContext): Promise<void> {
  const file = await Deno.open(path, { read: true });
  for await (const bytes of file.readable) context.intake.add(bytes);
}

type Connection = Awaited<ReturnType<typeof openDuckDb>>["connection"];

async function columnNames(
  connection: Connection,
  source: string,
  name: string,
): Promise<string[]> {
  try {
    const reader = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
    return reader.getRows().map((row) => String(row[0]));
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const remote = isRemote(name)
      ? "; DuckDB reads remote files with its extension httpfs, which it fetches from extensions.duckdb.org"
      : "";
    throw new InputError(`Cannot read ${name} as Parquet: ${why.replace(/[:. ]+$/, "")}${remote}`);
  }
}

function expression(
  field: NoteField,
  columns: readonly string[],
  mapping: Partial<Record<NoteField, number>>,
): string {
  const position = mapping[field];
  if (position === undefined) return `NULL::VARCHAR AS ${field}`;
  return `CAST("${columns[position].replaceAll('"', '""')}" AS VARCHAR) AS ${field}`;
}
