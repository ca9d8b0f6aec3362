/**
 * One record of a CSV or TSV file (RFC 4180: fields may be quoted, quoted fields may hold line
 * breaks, a quote inside is doubled), found in bytes without copying them.
 */

import { concat } from "./byte_stream.ts";

const QUOTE = 0x22, LF = 0x0a, CR = 0x0d, BACKSLASH = 0x5c;

/** How a program wrote its table. */
export interface CsvDialect {
  delimiter: number;
  /** Fields may stand in quotes; in some TSV files a quote is a character like any other. */
  quotes: boolean;
  /** A backslash takes away the meaning of what follows it, as Spark and MySQL write it. */
  backslash: boolean;
}

/** Where the fields of a record lie; reused from record to record. */
export interface CsvRecord {
  /** Position after the record and its line break, -1 if a quote is still open at the end. */
  next: number;
  /** Number of fields. */
  count: number;
  /** Of each field: first byte, byte after the last, whether it was quoted, whether it is escaped. */
  starts: number[];
  ends: number[];
  quoted: boolean[];
  escaped: boolean[];
  /** A quoted field holds a single quote that is neither doubled nor at its end. */
  strayQuote: boolean;
}

export const emptyRecord = (): CsvRecord => ({
  next: 0,
  count: 0,
  starts: [],
  ends: [],
  quoted: [],
  escaped: [],
  strayQuote: false,
});

/**
 * Reads the record that starts at `start` into `record`. Returns false when `bytes` end before
 * the record does (never if `final`, where the end of the bytes ends the record; a quote that is
 * still open then leaves `next` at -1).
 *
 * A quote inside a quoted field that is followed by neither a delimiter nor a line break is taken
 * as a character of the text, as spreadsheet programs do, and `strayQuote` says so. So are quotes
 * before `closeFrom`, for a text whose quotes were not doubled and stand at an end of a line.
 */
export function readRecord(
  bytes: Uint8Array,
  start: number,
  { delimiter, quotes, backslash }: CsvDialect,
  final: boolean,
  record: CsvRecord,
  closeFrom = 0,
): boolean {
  const end = bytes.length;
  record.count = 0;
  record.strayQuote = false;
  for (let at = start;;) {
    const field = record.count++;
    record.escaped[field] = false;
    const quoted = record.quoted[field] = quotes && bytes[at] === QUOTE;
    if (quoted) {
      const close = closingQuote(bytes, at + 1, delimiter, backslash, final, record, closeFrom);
      if (close < 0) {
        record.next = -1;
        return final;
      }
      record.starts[field] = at + 1;
      record.ends[field] = close;
      at = close + 1;
    } else {
      const from = at;
      while (at < end && bytes[at] !== delimiter && bytes[at] !== LF) {
        if (backslash && bytes[at] === BACKSLASH) {
          record.escaped[field] = true;
          at++;
        }
        at++;
      }
      if (at >= end && !final) return false;
      at = Math.min(at, end);
      record.starts[field] = from;
      record.ends[field] = at > from && bytes[at - 1] === CR && bytes[at] !== delimiter
        ? at - 1
        : at;
    }
    if (bytes[at] === CR) at++;
    if (at >= end) {
      record.next = end;
      return final;
    }
    if (bytes[at] === LF) {
      record.next = at + 1;
      return true;
    }
    at++;
  }
}

/** Position of the quote that ends the field, or -1 if the bytes do not tell. */
function closingQuote(
  bytes: Uint8Array,
  from: number,
  delimiter: number,
  backslash: boolean,
  final: boolean,
  record: CsvRecord,
  closeFrom: number,
): number {
  const end = bytes.length;
  const field = record.count - 1;
  if (backslash) record.escaped[field] = true;
  for (let at = bytes.indexOf(QUOTE, from); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) {
    if (backslash && isEscaped(bytes, from, at)) continue;
    const after = bytes[at + 1];
    if (at + 1 === end) return final ? at : -1;
    if (after === QUOTE) {
      record.escaped[field] = true;
      at++;
    } else if (at < closeFrom) {
      record.strayQuote = true;
    } else if (after === delimiter || after === LF) {
      return at;
    } else if (after === CR) {
      if (at + 2 === end) return final ? at : -1;
      if (bytes[at + 2] === LF) return at;
      record.strayQuote = true;
    } else {
      record.strayQuote = true;
    }
  }
  return -1;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(bytes: Uint8Array, from: number, at: number): boolean {
  let first = at;
  while (first > from && bytes[first - 1] === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

/** What a field holds; a view of `bytes` unless something in it is escaped. */
export function fieldBytes(
  bytes: Uint8Array,
  record: CsvRecord,
  field: number,
  { delimiter, backslash }: CsvDialect,
): Uint8Array {
  const raw = bytes.subarray(record.starts[field], record.ends[field]);
  if (!record.escaped[field]) return raw;
  return unescaped(raw, record.quoted[field], backslash, delimiter);
}

/**
 * `say ""5""` becomes `say "5"`. A backslash goes where it keeps a quote, a delimiter, a line break
 * or another backslash from its meaning; before anything else it is a backslash (`C:\new`).
 */
function unescaped(
  bytes: Uint8Array,
  quoted: boolean,
  backslash: boolean,
  delimiter: number,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const protects = (byte: number) =>
    byte === QUOTE || byte === BACKSLASH || byte === delimiter || byte === LF || byte === CR;
  let from = 0;
  const next = (at: number) => {
    const quote = quoted ? bytes.indexOf(QUOTE, at) : -1;
    const slash = backslash ? bytes.indexOf(BACKSLASH, at) : -1;
    return quote < 0 ? slash : slash < 0 ? quote : Math.min(quote, slash);
  };
  for (let at = next(0); at >= 0 && at + 1 < bytes.length; at = next(at)) {
    const drop = bytes[at] === QUOTE ? bytes[at + 1] === QUOTE : protects(bytes[at + 1]);
    if (drop) {
      parts.push(bytes.subarray(from, at));
      from = at + 1;
    }
    at += drop ? 2 : 1;
  }
  if (parts.length === 0) return bytes;
  parts.push(bytes.subarray(from));
  return concat(parts);
}
