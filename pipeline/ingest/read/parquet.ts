/** Parquet through DuckDB, local (what was https:// is by then) or, by its address, s3://. */

import { mapColumns, mappingNames } from "./columns.ts";
import { decodeText } from "../clean/decode_text.ts";
import { openDuckDb, sqlString } from "./duckdb.ts";
import {
  emptyNote,
  InputError,
  isRemote,
  type NoteFile,
  type RawNote,
  type ReadContext,
  type SourceField,
} from "./note_source.ts";

const encoder = new TextEncoder();

/** What DuckDB gives for a column of bytes. */
interface Blob {
  bytes: Uint8Array;
}
type Value = string | Blob | null;

/** Reads the mapped columns of a Parquet file in its own order, a vector of rows at a time. */
export async function* readParquet(
  file: NoteFile,
  context: ReadContext,
): AsyncGenerator<RawNote[]> {
  if (!isRemote(file.path)) await checksum(file.path, context);
  const { connection, close } = await openDuckDb();
  try {
    const source = `read_parquet(${sqlString(asName(file.path))})`;
    const columns = await columnsOf(connection, source, file.name);
    const names = columns.map(({ name }) => name);
    const mapping = mapColumns(names, context.columns, file.name, false);
    context.mapped(mappingNames(names, mapping));
    const fields = Object.entries(mapping) as [SourceField, number][];
    const expressions = fields.map(([, position]) => expression(columns[position], file.name));
    // DuckDB counts 16 bytes for a text of any length, so its default of 1 MB is 0.7 GB of notes.
    await connection.run("SET streaming_buffer_size = '64KB'");
    const result = await connection.stream(`SELECT ${expressions.join(", ")} FROM ${source}`);
    let row = 0;
    for await (const chunk of result) {
      const values = chunk.getColumns() as unknown as Value[][];
      const notes = Array.from({ length: chunk.rowCount }, (_, index) => {
        const note = emptyNote(++row, new Uint8Array(0));
        fields.forEach(([field], column) => {
          const value = values[column][index];
          if (field === "text") note.text = bytesOf(value);
          else note[field as "note_id"] = textOf(value);
        });
        return note;
      });
      // Memory that V8 does not know of: its collector would let it pile up.
      chunk.reset();
      yield notes;
    }
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(error, file.name);
  } finally {
    close();
  }
}

const bytesOf = (value: Value): Uint8Array =>
  value === null
    ? new Uint8Array(0)
    : typeof value === "string"
    ? encoder.encode(value)
    : value.bytes.slice();

const textOf = (value: Value): string | null =>
  value === null || typeof value === "string" ? value : decodeText(value.bytes).text;

/** `[`, `?` and `*` in a path would be patterns to DuckDB. */
const asName = (path: string) => isRemote(path) ? path : path.replace(/[[?*]/g, "[$&]");

/** DuckDB reads the file itself, so its bytes are read once more for the checksum. */
async function checksum(path: string, context: ReadContext): Promise<void> {
  const file = await Deno.open(path, { read: true });
  for await (const bytes of file.readable) context.intake.add(bytes);
}

type Connection = Awaited<ReturnType<typeof openDuckDb>>["connection"];

interface Column {
  name: string;
  type: string;
}

async function columnsOf(connection: Connection, source: string, name: string): Promise<Column[]> {
  try {
    const reader = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
    return reader.getRows().map((row) => ({ name: String(row[0]), type: String(row[1]) }));
  } catch (error) {
    throw unreadable(error, name);
  }
}

/** What DuckDB says, up to where it would show a value of the file. */
function unreadable(error: unknown, name: string): InputError {
  const first = (error instanceof Error ? error.message : String(error)).split("\n")[0];
  const invalid = /utf-?8|invalid string encoding/i.test(first);
  const why = invalid
    ? "a column is marked as text but holds bytes that are not UTF-8; write it again as binary, or as UTF-8"
    : first.split(/(?:: )?(?:value|string) ["']|: "/)[0].replace(/[:. ]+$/, "").slice(0, 300);
  const remote = isRemote(name)
    ? "; DuckDB reads remote files with its extension httpfs, which it fetches from extensions.duckdb.org"
    : "";
  return new InputError(`Cannot read ${name} as Parquet: ${why}${remote}`);
}

/** A column as text, or as bytes where Parquet does not say that it is text. */
function expression({ name, type }: Column, file: string): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  if (type === "BLOB") return column;
  if (type === "VARCHAR[]") return `array_to_string(${column}, chr(10))`;
  if (/[[(]/.test(type) && !type.startsWith("DECIMAL") && !type.startsWith("ENUM")) {
    throw new InputError(
      `Cannot read ${file}: column "${name}" is of type ${type.slice(0, 60)}, expected text; ` +
        "name another one with --text, --id or --patient, or write the file with a text column",
    );
  }
  if (type === "DOUBLE" || type === "FLOAT") {
    // Ids that a program kept as floating-point numbers, with all their digits.
    return `CASE WHEN isfinite(${column}) AND ${column} = trunc(${column}) AND abs(${column}) < 1e30 ` +
      `THEN CAST(CAST(${column} AS HUGEINT) AS VARCHAR) ELSE CAST(${column} AS VARCHAR) END`;
  }
  return `CAST(${column} AS VARCHAR)`;
}
