/** What an input is, told by its first bytes rather than by its name. */

import { extname } from "@std/path";
import { head } from "./byte_stream.ts";
import { mapColumns, mimicColumns } from "./columns.ts";
import { csvLayout } from "./csv_dialect.ts";
import { emptyRecord, readRecord } from "./csv_record.ts";
import { fits } from "./csv_recovery.ts";
import { notText } from "./file_kinds.ts";
import { type Format, InputError } from "./note_source.ts";

const HEAD_BYTES = 1 << 16;

/** The format of `path`; an `InputError` if it is not `wanted`, or nothing that can be read. */
export async function formatOf(
  path: string,
  wanted: Format | "auto",
  encoding?: string,
): Promise<Format> {
  const bytes = await head(path, HEAD_BYTES, encoding);
  if (String.fromCharCode(...bytes.subarray(0, 4)) === "PAR1") {
    return expect(path, wanted, "parquet");
  }
  const what = notText(bytes);
  if (what !== undefined) throw new InputError(`Cannot ingest ${path}: it is ${what}`);
  if (wanted === "parquet") {
    throw new InputError(
      `Cannot ingest ${path}: --format parquet, but it does not start with PAR1`,
    );
  }
  if (wanted !== "auto") return wanted;
  return detectFormat(path, bytes);
}

function expect(path: string, wanted: Format | "auto", found: Format): Format {
  if (wanted === "auto" || wanted === found) return found;
  throw new InputError(`Cannot ingest ${path}: --format ${wanted}, but it is ${found}`);
}

/** The format of a file that starts with `bytes` (unpacked, UTF-8, at most 64 kB of it). */
export function detectFormat(path: string, bytes: Uint8Array): Format {
  const text = new TextDecoder().decode(bytes).trimStart();
  if (text.startsWith("{")) return /"resourceType"\s*:/.test(text) ? "fhir" : "jsonl";
  if (/^\[\s*\{/.test(text)) return "jsonl";
  const layout = csvLayout(bytes);
  const { columns } = layout;
  if (mimicColumns.every((column, index) => columns[index] === column)) return "mimic";
  const name = path.replace(/\.gz$/, "");
  if ([".csv", ".tsv", ".tab"].includes(extname(name))) return "csv";
  const looksLikeHeader = columns.length > 1 &&
    columns.every((column) => /^[\p{L}\p{N}_ .#/()-]{1,60}$/u.test(column));
  if (!looksLikeHeader) return "text";
  return extname(name) !== ".txt" || isTable(bytes) ? "csv" : "text";
}

/** A .txt is a table only if it has a column of texts and every row has the same columns. */
function isTable(bytes: Uint8Array): boolean {
  const { dialect, columns, skip } = csvLayout(bytes);
  try {
    mapColumns(columns, {}, "");
  } catch {
    return false;
  }
  const record = emptyRecord();
  let rows = 0;
  for (let at = skip; at < bytes.length && readRecord(bytes, at, dialect, false, record);) {
    if (!fits(record, columns.length)) return false;
    at = record.next;
    rows++;
  }
  return rows > 1;
}
