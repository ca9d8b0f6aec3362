/**
 * The objects of one large JSON document, one at a time: the elements of an array, or of the array
 * `entry` in a Bundle. Only one of them is in memory, so the document may be of any size.
 */

import { decodeText } from "../clean/decode_text.ts";
import { byteStream, concat, head } from "./byte_stream.ts";
import type { Line } from "./lines.ts";
import { InputError, type NoteFile, type ReadContext } from "./note_source.ts";

const QUOTE = 0x22, BACKSLASH = 0x5c, OPEN = 0x7b, CLOSE = 0x7d, LIST = 0x5b, END = 0x5d;
const COMMA = 0x2c;
const HEAD_BYTES = 1 << 18;
const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/**
 * Whether a file is one JSON document rather than an object a line: its first line is no whole
 * object, or it is a Bundle.
 */
export async function isWholeDocument(path: string, encoding?: string): Promise<boolean> {
  const start = new TextDecoder().decode(await head(path, HEAD_BYTES, encoding)).trimStart();
  if (start.startsWith("[")) return true;
  const lineEnd = start.indexOf("\n");
  const first = lineEnd < 0 ? start : start.slice(0, lineEnd);
  if (/^\{\s*"resourceType"\s*:\s*"Bundle"/.test(start)) return true;
  if (/"resourceType"\s*:\s*"Bundle"/.test(first) && /"entry"\s*:/.test(first)) return true;
  if (lineEnd < 0 || start.slice(lineEnd).trim() === "") return false;
  // A line that opens more than it closes goes on in the next.
  return depthAfter(new TextEncoder().encode(first)) > 0;
}

function depthAfter(bytes: Uint8Array): number {
  let depth = 0, inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN || byte === LIST) depth++;
    else if (byte === CLOSE || byte === END) depth--;
  }
  return depth;
}

/**
 * Batches of the items of the document in `file`, as text, numbered from 1. `key` names the array
 * whose elements are wanted where the document is an object that has one; any other object is an
 * item itself. An `InputError` if the document ends before it is complete.
 */
export async function* readJsonItems(
  { path, name }: NoteFile,
  { intake, encoding }: ReadContext,
  key: string,
): AsyncGenerator<Line[]> {
  const scanner = new ItemScanner(key);
  for await (const chunk of byteStream(path, intake, encoding)) yield scanner.push(chunk);
  if (intake.damage === undefined && scanner.isOpen) {
    throw new InputError(
      `Cannot read all of ${name}: the JSON document ends before it is complete; get a complete ` +
        "copy, or one object a line (JSONL), which loses only the bad lines",
    );
  }
}

class ItemScanner {
  readonly #key: string;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Depth at which items lie: that of a top-level object, until an array turns out to hold them. */
  #itemDepth = 0;
  /** The string at depth 1 that was read last, to know the key before an array. */
  #word: number[] = [];
  #parts: Uint8Array[] = [];
  #inItem = false;
  #number = 0;
  /** The document is an array, or has the one that is wanted. */
  #isList = false;

  constructor(key: string) {
    this.#key = key;
  }

  get isOpen(): boolean {
    return this.#depth > 0 || this.#inString;
  }

  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#inString) {
        at = this.#string(chunk, at);
        continue;
      }
      if (this.#itemDepth === this.#depth && !this.#inItem && this.#begins(byte)) {
        this.#inItem = true;
        from = at;
      }
      if (byte === QUOTE) {
        this.#inString = true;
        if (this.#depth === 1) this.#word = [];
      } else if (byte === OPEN || byte === LIST) {
        if (byte === LIST) this.#openList();
        this.#depth++;
      } else if (byte === CLOSE || byte === END) {
        this.#depth--;
        if (this.#isList && this.#depth < this.#itemDepth) {
          if (this.#inItem) this.#end(chunk.subarray(from, at), lines);
          this.#inItem = false;
          if (this.#itemDepth === 2) this.#itemDepth = -1; // The rest of the Bundle.
          continue;
        }
        if (this.#inItem && this.#depth === this.#itemDepth) {
          this.#end(chunk.subarray(from, at + 1), lines);
        }
      } else if (byte === COMMA && this.#inItem && this.#depth === this.#itemDepth) {
        this.#end(chunk.subarray(from, at), lines);
      }
    }
    if (this.#inItem) this.#parts.push(chunk.slice(from));
    return lines;
  }

  /** Passes over a string as far as the chunk goes; returns its last position. */
  #string(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) {
        this.#inString = false;
        return at;
      }
      if (this.#depth === 1 && this.#word.length < 16) this.#word.push(byte);
    }
    return chunk.length;
  }

  #begins = (byte: number) =>
    !isSpace(byte) && byte !== COMMA && byte !== END && !(this.#depth === 0 && byte === LIST);

  /** The array of the document, or the one in its object that is wanted: what is in it are items. */
  #openList(): void {
    if (this.#depth === 0) {
      this.#itemDepth = 1;
      this.#isList = true;
    } else if (this.#depth === 1 && this.#itemDepth === 0) {
      if (String.fromCharCode(...this.#word) !== this.#key) return;
      this.#itemDepth = 2;
      this.#isList = true;
      this.#inItem = false;
      this.#parts = [];
    }
  }

  #end(last: Uint8Array, lines: Line[]): void {
    const { text, decodedAsCp1252 } = decodeText(concat([...this.#parts, last]));
    this.#parts = [];
    this.#inItem = false;
    if (text.trim() === "") return;
    lines.push({ number: ++this.#number, text, decodedAsCp1252 });
  }
}
