/**
 * One record of a CSV or TSV file (RFC 4180: fields may be quoted, quoted fields may hold line
 * breaks, a quote inside is doubled), found in bytes without copying them.
 */

const QUOTE = 0x22, LF = 0x0a, CR = 0x0d;

/** Where the fields of a record lie; reused from record to record. */
export interface CsvRecord {
  /** Position after the record and its line break. */
  next: number;
  /** Number of fields. */
  count: number;
  /** Of each field: first byte, byte after the last, whether a quote inside is doubled. */
  starts: number[];
  ends: number[];
  escaped: boolean[];
  /** A quoted field holds a single quote that is neither doubled nor at its end. */
  strayQuote: boolean;
  /** The last field was quoted. */
  lastQuoted: boolean;
}

export const emptyRecord = (): CsvRecord => ({
  next: 0,
  count: 0,
  starts: [],
  ends: [],
  escaped: [],
  strayQuote: false,
  lastQuoted: false,
});

/**
 * Reads the record that starts at `start` into `record`. Returns false when `bytes` end before
 * the record does (never if `final`, where the end of the bytes ends the record; a quote that is
 * still open then leaves `next` at -1).
 *
 * A quote inside a quoted field that is followed by neither a delimiter nor a line break is taken
 * as a character of the text, as spreadsheet programs do, and `strayQuote` says so.
 */
export function readRecord(
  bytes: Uint8Array,
  start: number,
  delimiter: number,
  final: boolean,
  record: CsvRecord,
): boolean {
  const end = bytes.length;
  record.count = 0;
  record.strayQuote = false;
  for (let at = start;;) {
    const field = record.count++;
    record.escaped[field] = false;
    record.lastQuoted = bytes[at] === QUOTE;
    if (record.lastQuoted) {
      const close = closingQuote(bytes, at + 1, delimiter, final, record, field);
      if (close < 0) {
        record.next = -1;
        return final;
      }
      record.starts[field] = at + 1;
      record.ends[field] = close;
      at = close + 1;
    } else {
      const from = at;
      while (at < end && bytes[at] !== delimiter && bytes[at] !== LF) at++;
      if (at === end && !final) return false;
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
  final: boolean,
  record: CsvRecord,
  field: number,
): number {
  const end = bytes.length;
  for (let at = bytes.indexOf(QUOTE, from); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) {
    const after = bytes[at + 1];
    if (at + 1 === end) return final ? at : -1;
    if (after === QUOTE) {
      record.escaped[field] = true;
      at++;
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

/** The delimiter of a file by its first line: whichever of comma, tab, semicolon, pipe is commonest. */
export function guessDelimiter(head: Uint8Array): number {
  const counts = new Map([",", "\t", ";", "|"].map((char) => [char.charCodeAt(0), 0]));
  let quoted = false;
  for (const byte of head) {
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === LF && !quoted) break;
    else if (!quoted && counts.has(byte)) counts.set(byte, counts.get(byte)! + 1);
  }
  return [...counts].reduce((best, entry) => entry[1] > best[1] ? entry : best)[0];
}
