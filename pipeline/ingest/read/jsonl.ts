/** JSON Lines: one object a line. An array of objects in one piece is read as well. */

import { addKnown, mapColumns, mappingNames } from "./columns.ts";
import { isWholeDocument, readJsonItems } from "./json_items.ts";
import { type Line, readLines } from "./lines.ts";
import {
  emptyNote,
  InputError,
  type NoteFile,
  type RawNote,
  type ReadContext,
  type SourceField,
} from "./note_source.ts";

type JsonObject = Record<string, unknown>;

const encoder = new TextEncoder();

/** Objects in which the column of the text is looked for before the file is refused. */
const OBJECTS_LOOKED_AT = 1000;

/** Reads a file of JSON objects; a line that is not one costs that line. */
export async function* readJsonl(file: NoteFile, context: ReadContext): AsyncGenerator<RawNote[]> {
  const whole = await isWholeDocument(file.path, context.encoding);
  const batches = whole
    ? readJsonItems(file, context, "")
    : readLines(file.path, context.intake, context.encoding);
  const notes = new JsonNotes(file, context, whole ? "item" : "line");
  for await (const lines of batches) yield notes.take(lines);
  yield notes.end();
}

class JsonNotes {
  readonly #file: NoteFile;
  readonly #context: ReadContext;
  readonly #unit: "line" | "item";
  readonly #keys: string[] = [];
  readonly #known = new Set<string>();
  #mapping: Partial<Record<SourceField, number>> | undefined;
  #names: [SourceField, string][] = [];
  /** What came before the column of the text was found. */
  #first: Line[] = [];

  constructor(file: NoteFile, context: ReadContext, unit: "line" | "item") {
    this.#file = file;
    this.#context = context;
    this.#unit = unit;
  }

  take(lines: Line[]): RawNote[] {
    if (this.#mapping === undefined) {
      this.#first.push(...lines);
      if (!this.#findColumns(this.#first.length >= OBJECTS_LOOKED_AT)) return [];
      const first = this.#first;
      this.#first = [];
      return this.#notes(first);
    }
    return this.#notes(lines);
  }

  end(): RawNote[] {
    if (this.#mapping === undefined) {
      if (!this.#first.some(({ text }) => parseObject(text))) {
        throw new InputError(
          `Cannot read ${this.#file.name}: no ${this.#unit} of it is a JSON object`,
        );
      }
      this.#findColumns(true);
    }
    return this.#notes(this.#first);
  }

  /** Maps the keys so far; whether that was possible. Throws where it has to be. */
  #findColumns(required: boolean): boolean {
    for (const { text } of this.#first) this.#learn(parseObject(text) ?? {});
    if (this.#keys.length === 0 && !required) return false;
    try {
      this.#mapping = mapColumns(this.#keys, this.#context.columns, this.#file.name, false);
    } catch (error) {
      if (required) throw error;
      return false;
    }
    this.#mapped();
    return true;
  }

  #mapped(): void {
    const names = mappingNames(this.#keys, this.#mapping!);
    this.#context.mapped(names);
    this.#names = (Object.entries(names) as [SourceField, string][])
      .filter(([field]) => field !== "text");
  }

  /** Adds keys that were not there before; whether there were any. */
  #learn(object: JsonObject): boolean {
    let added = false;
    for (const key in object) {
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      this.#keys.push(key);
      added = true;
    }
    return added;
  }

  #notes(lines: Line[]): RawNote[] {
    const notes: RawNote[] = [];
    for (const line of lines) {
      const object = parseObject(line.text);
      if (object) this.#add(notes, object, line);
      else {
        const what = `the ${this.#unit} is not a JSON object`;
        this.#context.reject(line.number, "malformed row", what);
      }
    }
    return notes;
  }

  #add(notes: RawNote[], object: JsonObject, { number, decodedAsCp1252 }: Line): void {
    if (this.#learn(object) && addKnown(this.#keys, this.#mapping!)) this.#mapped();
    const key = this.#keys[this.#mapping!.text!];
    const text = object[key];
    if (text !== undefined && text !== null && typeof text !== "string") {
      const what = `the text is ${Array.isArray(text) ? "an array" : `a ${typeof text}`}, ` +
        "expected a string";
      return this.#context.reject(number, "malformed row", what);
    }
    const note = emptyNote(number, encoder.encode(text ?? ""));
    note.decodedAsCp1252 = decodedAsCp1252;
    for (const [field, name] of this.#names) {
      note[field as "note_id"] = fieldText(field, object[name]);
    }
    notes.push(note);
  }
}

/** A context is a text, or a list of texts with what they are; other fields are texts or numbers. */
function fieldText(field: SourceField, value: unknown): string | null {
  if (typeof value === "string" || typeof value === "number") return String(value);
  return field === "context" && Array.isArray(value) ? JSON.stringify(value) : null;
}

/** A number that a double might not hold, or what Python writes for what is missing. */
const NUMBER_OF_NOTE = /[:[,]\s*-?\d{16,}/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

/**
 * The object a line holds, if it does. Whole numbers keep all their digits, as strings where a
 * number would lose them; `NaN` and `Infinity`, which Python writes, are missing values.
 */
export function parseObject(line: string): JsonObject | undefined {
  if (line.trim() === "") return undefined;
  const value = parse(line) ??
    (/NaN|Infinity/.test(line)
      ? parse(line.replace(TOKENS, (token) => token[0] === '"' ? token : "null"))
      : undefined);
  return isObject(value) ? value : undefined;
}

function parse(text: string): unknown {
  try {
    return NUMBER_OF_NOTE.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** V8 passes the source of a number to a reviver (proposal JSON.parse source text access). */
function keepDigits(_key: string, value: unknown, ...[context]: unknown[]): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const { source } = (context ?? {}) as { source?: string };
  return source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
