/**
 * What to do about a damaged record of a table. Records are damaged by evidence alone: a wrong
 * number of fields, a quote that never closes, a quote in a quoted field that is not doubled. A file
 * without such evidence never comes here, whatever its lines look like.
 *
 * Where there is evidence, records that are whole are still found: a line begins one if what begins
 * there is sound and fits the records before it.
 */

import { type CsvDialect, type CsvRecord, emptyRecord, readRecord } from "./csv_record.ts";

const QUOTE = 0x22, LF = 0x0a, BACKSLASH = 0x5c;

/** Shapes are learned from this many records; ids rarely change shape later. */
const RECORDS_TO_LEARN_FROM = 1000;
/** So many sound records in a row are no accident, even if they look like none before. */
const CHAIN = 3;
/** Ends that are tried for a text with quotes that are not doubled. */
const ENDS_TRIED = 64;

/** Every field is whole and there are as many as expected. */
export function isSound(bytes: Uint8Array, record: CsvRecord, columns: number): boolean {
  return record.next >= 0 && !record.strayQuote && fits(record, columns) &&
    !hasLooseQuote(bytes, record);
}

/** As many fields as expected, or more of which the others are empty. */
export function fits(record: CsvRecord, columns: number): boolean {
  if (record.count === columns) return true;
  if (record.count < columns) return false;
  for (let field = columns; field < record.count; field++) {
    if (record.quoted[field] || record.ends[field] > record.starts[field]) return false;
  }
  return true;
}

/** An empty line. */
export const isBlank = (record: CsvRecord, columns: number): boolean =>
  record.count === 1 && !record.quoted[0] &&
  record.ends[0] === record.starts[0] && columns >= 1;

/** A field that does not open with a quote ends with one: its beginning is elsewhere. */
function hasLooseQuote(bytes: Uint8Array, record: CsvRecord): boolean {
  for (let field = 0; field < record.count; field++) {
    const end = record.ends[field];
    if (!record.quoted[field] && end > record.starts[field] && bytes[end - 1] === QUOTE) {
      let first = record.starts[field], quotes = 0;
      for (; (first = bytes.indexOf(QUOTE, first)) >= 0 && first < end; first++) quotes++;
      if (quotes % 2 === 1) return true;
    }
  }
  return false;
}

export class CsvRecovery {
  dialect: CsvDialect;
  readonly #columns: number;
  readonly #textColumn: number;
  /** The column whose shape tells a record: the first that is not the text. */
  readonly #keyColumn: number;
  readonly #shapes = new Set<string>();
  readonly #scratch: CsvRecord = emptyRecord();
  #learned = 0;
  /** Every text so far stood in quotes, as in MIMIC; spreadsheets quote only where they must. */
  #textQuoted = true;

  constructor(dialect: CsvDialect, columns: number, textColumn: number) {
    this.dialect = dialect;
    this.#columns = columns;
    this.#textColumn = textColumn;
    this.#keyColumn = textColumn === 0 && columns > 1 ? 1 : 0;
  }

  /** Whether what sound records look like is still being learned. */
  get learning(): boolean {
    return this.#learned < RECORDS_TO_LEARN_FROM;
  }

  /** Remembers how a record looks that was read without a fault. */
  learn(bytes: Uint8Array, record: CsvRecord): void {
    this.#learned++;
    if (!record.quoted[this.#textColumn]) this.#textQuoted = false;
    if (this.#keyColumn !== this.#textColumn) this.#shapes.add(this.#shape(bytes, record));
  }

  #shape(bytes: Uint8Array, record: CsvRecord): string {
    return shape(bytes, record.starts[this.#keyColumn], record.ends[this.#keyColumn]);
  }

  /** Whether a record looks like those before it. */
  isLike(bytes: Uint8Array, record: CsvRecord): boolean {
    if (this.#textQuoted && this.#learned > 0 && !record.quoted[this.#textColumn]) return false;
    return this.#shapes.size === 0 || this.#shapes.has(this.#shape(bytes, record));
  }

  /** Whether what is damaged begins like a row: then the row before it is not what is damaged. */
  beginsLikeRow(bytes: Uint8Array, record: CsvRecord): boolean {
    if (record.count < 2 || this.#keyColumn !== 0) {
      return record.quoted[0] && this.#textColumn === 0;
    }
    return this.#shapes.size > 0 && this.#shapes.has(this.#shape(bytes, record));
  }

  /** Whether what begins at `at` is a record: like those before, or the first of several. */
  isRecord(bytes: Uint8Array, at: number, final: boolean): boolean {
    const record = this.#scratch;
    if (!readRecord(bytes, at, this.dialect, final, record)) return false;
    if (!isSound(bytes, record, this.#columns)) return false;
    return this.isLike(bytes, record) || this.isFollowed(bytes, record.next, final, CHAIN - 1);
  }

  /** Whether `count` sound records follow, or fewer and then the end of what is there. */
  isFollowed(bytes: Uint8Array, from: number, final: boolean, count = 1, alike = false): boolean {
    const record = this.#scratch;
    for (let at = from; count > 0; at = record.next) {
      if (at >= bytes.length) return true;
      if (!readRecord(bytes, at, this.dialect, final, record)) return true;
      if (isBlank(record, this.#columns)) continue;
      if (!isSound(bytes, record, this.#columns)) return false;
      if (alike && !this.isLike(bytes, record)) return false;
      count--;
    }
    return true;
  }

  /**
   * Another way of writing under which the record at `at` is sound and so is what follows; `record`
   * then holds it.
   */
  otherDialect(
    bytes: Uint8Array,
    at: number,
    final: boolean,
    record: CsvRecord,
    mayDropQuotes: boolean,
  ): CsvDialect | undefined {
    const { dialect } = this;
    const others: CsvDialect[] = [];
    if (!dialect.backslash && dialect.quotes) others.push({ ...dialect, backslash: true });
    if (mayDropQuotes && dialect.quotes && dialect.delimiter === 0x09) {
      others.push({ ...dialect, quotes: false });
    }
    for (const other of others) {
      if (!readRecord(bytes, at, other, final, record) || record.next < 0) continue;
      if (other.backslash && !hasEscapedQuote(bytes, at, record.next)) continue;
      if (!isSound(bytes, record, this.#columns)) continue;
      this.dialect = other;
      if (this.isFollowed(bytes, record.next, final)) return other;
      this.dialect = dialect;
    }
    return undefined;
  }

  /**
   * The first line in [from, to) at which a record begins that an open quote before it has
   * swallowed, or -1. `end` is where the damaged record seemed to end.
   */
  swallowed(bytes: Uint8Array, from: number, to: number, end: number, final: boolean): number {
    const record = this.#scratch;
    for (let at = lineAfter(bytes, from); at >= 0 && at < to; at = lineAfter(bytes, at)) {
      if (!readRecord(bytes, at, this.dialect, final, record)) continue;
      if (isBlank(record, this.#columns) || !isSound(bytes, record, this.#columns)) continue;
      if (!this.isLike(bytes, record)) continue;
      const { next } = record;
      if (next === end || this.isFollowed(bytes, next, final)) return at;
    }
    return -1;
  }

  /**
   * Reads the record at `at`, whose text holds quotes that are not doubled, up to the first end
   * after which whole records follow; false if there is none.
   */
  readToTrueEnd(bytes: Uint8Array, at: number, final: boolean, record: CsvRecord): boolean {
    let closeFrom = 0;
    for (let tries = 0; tries < ENDS_TRIED; tries++) {
      if (!readRecord(bytes, at, this.dialect, final, record, closeFrom)) return false;
      if (record.next < 0) return false;
      const whole = fits(record, this.#columns) && !hasLooseQuote(bytes, record);
      if (whole && this.isFollowed(bytes, record.next, final, CHAIN, true)) return true;
      const last = record.quoted.lastIndexOf(true, record.count - 1);
      closeFrom = Math.max(closeFrom, record.ends[last < 0 ? 0 : last]) + 1;
    }
    return false;
  }

  /**
   * Where the next record really begins if the one in [from, to) lost its closing quote and ended
   * at the opening quote of the next: the last line of it, if a record begins there that reaches
   * beyond `end`. -1 if none does.
   */
  ranInto(bytes: Uint8Array, from: number, to: number, end: number, final: boolean): number {
    let at = bytes.lastIndexOf(LF, to - 2) + 1;
    if (at <= from) return -1;
    const record = this.#scratch;
    if (!readRecord(bytes, at, this.dialect, final, record)) return -1;
    if (!isSound(bytes, record, this.#columns) || record.next < end) return -1;
    if (!this.isLike(bytes, record)) at = -1;
    return at >= 0 && this.isFollowed(bytes, record.next, final) ? at : -1;
  }
}

/** The beginning of the line after the one of `from`, or -1. */
function lineAfter(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(LF, from);
  return end < 0 || end + 1 >= bytes.length ? -1 : end + 1;
}

function hasEscapedQuote(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = bytes.indexOf(BACKSLASH, from); at >= 0 && at < to;) {
    if (bytes[at + 1] === QUOTE) return true;
    at = bytes.indexOf(BACKSLASH, at + 1);
  }
  return false;
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
