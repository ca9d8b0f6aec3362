/** JSON Lines: one object a line. An array of objects in one piece is read as well. */

import { head, wholeText } from "./byte_stream.ts";
import { mapColumns, mappingNames } from "./columns.ts";
import { readLines } from "./lines.ts";
import {
  InputError,
  type NoteField,
  type NoteFile,
  type RawNote,
  type ReadContext,
} from "./note_source.ts";

type JsonObject = Record<string, unknown>;
type Names = Partial<Record<NoteField, string>>;

const encoder = new TextEncoder();

/** Columns are the keys of as many objects as the first bytes hold. */
const HEAD_BYTES = 1 << 18;

/** Reads a file of JSON objects; a line that is not one costs that line. */
export async function* readJsonl(file: NoteFile, context: ReadContext): AsyncGenerator<RawNote[]> {
  const start = new TextDecoder().decode(await head(file.path, HEAD_BYTES));
  if (start.trimStart().startsWith("[")) {
    yield await readArray(file, context);
    return;
  }
  const samples = start.split("\n").map(parseObject).filter((object) => object !== undefined);
  const names = fieldNames(samples, file, context);
  for await (const lines of readLines(file.path, context.intake)) {
    const notes: RawNote[] = [];
    for (const { number, text, decodedAsCp1252 } of lines) {
      const object = parseObject(text);
      if (!object) context.reject(number, "malformed row", "the line is not a JSON object");
      else addNote(notes, object, number, names, context, decodedAsCp1252);
    }
    yield notes;
  }
}

async function readArray(file: NoteFile, context: ReadContext): Promise<RawNote[]> {
  const { text, decodedAsCp1252 } = await wholeText(file.path, context.intake);
  const array = parseArray(text, file.name);
  const objects = array.filter(isObject);
  const names = fieldNames(objects, file, context);
  const notes: RawNote[] = [];
  array.forEach((item, index) => {
    if (!isObject(item)) {
      context.reject(index + 1, "malformed row", "the item is not a JSON object");
    } else addNote(notes, item, index + 1, names, context, decodedAsCp1252);
  });
  return notes;
}

function parseArray(text: string, name: string): unknown[] {
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    throw new InputError(
      `Cannot read ${name}: it starts like a JSON array but is not valid JSON; one object a line (JSONL) loses only the bad lines`,
    );
  }
}

function fieldNames(objects: JsonObject[], file: NoteFile, context: ReadContext): Names {
  const keys = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  if (keys.length === 0) {
    throw new InputError(`Cannot read ${file.name}: no JSON object among its first lines`);
  }
  const names = mappingNames(keys, mapColumns(keys, context.columns, file.name));
  context.mapped(names);
  return names;
}

function addNote(
  notes: RawNote[],
  object: JsonObject,
  row: number,
  names: Names,
  context: ReadContext,
  decodedAsCp1252: boolean,
): void {
  const value = (field: NoteField) => {
    const found = names[field] === undefined ? undefined : object[names[field]];
    return typeof found === "string" || typeof found === "number" ? String(found) || null : null;
  };
  const text = object[names.text!];
  if (text !== undefined && text !== null && typeof text !== "string") {
    context.reject(row, "malformed row", `"${names.text}" is not a string`);
    return;
  }
  notes.push({
    row,
    note_id: value("note_id"),
    subject_id: value("subject_id"),
    hadm_id: value("hadm_id"),
    note_type: value("note_type"),
    note_seq: value("note_seq"),
    charttime: value("charttime"),
    storetime: value("storetime"),
    context: contextText(names.context === undefined ? undefined : object[names.context]),
    text: encoder.encode(text ?? ""),
    decodedAsCp1252,
  });
}

/** A context is a text, or a list of texts with what they are. */
const contextText = (value: unknown): string | null =>
  typeof value === "string" ? value || null : Array.isArray(value) ? JSON.stringify(value) : null;

/** The object a line holds, if it does. */
export function parseObject(line: string): JsonObject | undefined {
  if (line.trim() === "") return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
