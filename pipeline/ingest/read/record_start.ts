/**
 * Recognises where a record of a damaged CSV file begins, so that a row with a quote that never
 * closes costs that row and not the rest of the file.
 *
 * A line begins a record if every field before the text lies on it, its first field is shaped like
 * the first fields of the records read so far (`10000032-DS-21` has the shape `9-a-9`), and the
 * text opens with a quote where all texts so far did.
 */

import { type CsvRecord, emptyRecord, readRecord } from "./csv_record.ts";

const QUOTE = 0x22, LF = 0x0a;

/** Shapes are learned from this many records; ids rarely change shape later. */
const RECORDS_TO_LEARN_FROM = 1000;

export class RecordStart {
  readonly #delimiter: number;
  readonly #columns: number;
  readonly #textColumn: number;
  readonly #shapes = new Set<string>();
  readonly #scratch: CsvRecord = emptyRecord();
  #learned = 0;
  /** Every text so far stood in quotes, as in MIMIC; spreadsheets quote only where they must. */
  #textQuoted = true;

  constructor(delimiter: number, columns: number, textColumn: number) {
    this.#delimiter = delimiter;
    this.#columns = columns;
    this.#textColumn = textColumn;
  }

  /** Remembers the first field of a record that was read without a fault. */
  learn(bytes: Uint8Array, record: CsvRecord): void {
    if (this.#learned >= RECORDS_TO_LEARN_FROM) return;
    this.#learned++;
    const text = record.starts[this.#textColumn];
    if (bytes[text - 1] !== QUOTE) this.#textQuoted = false;
    this.#shapes.add(shape(bytes, record.starts[0], record.ends[0]));
  }

  /** Whether a record begins at `at`, the first byte of a line. */
  isAt(bytes: Uint8Array, at: number): boolean {
    if (this.#textColumn === 0) return this.#parses(bytes, at);
    let position = at;
    for (let field = 0; field < this.#textColumn; field++) {
      const from = position;
      const quoted = bytes[position] === QUOTE;
      if (quoted) position++;
      const stop = quoted ? QUOTE : this.#delimiter;
      while (position < bytes.length && bytes[position] !== stop) {
        if (bytes[position] === LF) return false;
        position++;
      }
      if (field === 0 && this.#shapes.size > 0) {
        if (!this.#shapes.has(shape(bytes, from + (quoted ? 1 : 0), position))) return false;
      }
      if (quoted) position++;
      if (bytes[position] !== this.#delimiter) return false;
      position++;
    }
    return !this.#textQuoted || bytes[position] === QUOTE;
  }

  /** Where the text comes first only a whole, faultless record tells. */
  #parses(bytes: Uint8Array, at: number): boolean {
    const record = this.#scratch;
    if (!readRecord(bytes, at, this.#delimiter, true, record)) return false;
    return record.next > 0 && record.count === this.#columns && !record.strayQuote;
  }

  /** The first line at or after the line break that follows `from` where a record begins, or -1. */
  after(bytes: Uint8Array, from: number, end = bytes.length): number {
    for (
      let at = bytes.indexOf(LF, from);
      at >= 0 && at + 1 < end;
      at = bytes.indexOf(LF, at + 1)
    ) {
      if (this.isAt(bytes, at + 1)) return at + 1;
    }
    return -1;
  }
}

/** Runs of digits become `9`, runs of letters `a`; everything else stays. */
function shape(bytes: Uint8Array, from: number, to: number): string {
  let result = "";
  for (let at = from; at < Math.min(to, from + 64); at++) {
    const byte = bytes[at];
    const kind = byte >= 0x30 && byte <= 0x39
      ? "9"
      : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
      ? "a"
      : String.fromCharCode(byte);
    if (kind !== result.at(-1) || (kind !== "9" && kind !== "a")) result += kind;
  }
  return result;
}
