/** Tells from the first bytes of a table how it was written, by what makes its records even. */

import { decodeText } from "../clean/decode_text.ts";
import { mimicColumns } from "./columns.ts";
import {
  type CsvDialect,
  type CsvRecord,
  emptyRecord,
  fieldBytes,
  readRecord,
} from "./csv_record.ts";
import { isBlank, isSound } from "./csv_recovery.ts";

const LF = 0x0a, CR = 0x0d;
const MIMIC_ID = /^\d+-[A-Z]{2}-\d+$/;
const DELIMITERS = [",", "\t", ";", "|"].map((char) => char.charCodeAt(0));
const TAB = 0x09;
/** Of a table with one column: no byte is. */
const NO_DELIMITER = -1;
/** A table shows its manner early. */
const RECORDS_LOOKED_AT = 200;

/** How the columns of one file are laid out. */
export interface CsvLayout {
  dialect: CsvDialect;
  columns: readonly string[];
  hasHeader: boolean;
  /** Lines end in a lone CR, as old Macs wrote them. */
  loneCr: boolean;
  /** Bytes before the header: the line `sep=;` that Excel writes and reads. */
  skip: number;
}

/** Dialect and columns from the first bytes of a file; a MIMIC shard has no header line. */
export function csvLayout(head: Uint8Array): CsvLayout {
  const loneCr = head.indexOf(LF) < 0 && head.indexOf(CR) >= 0;
  const bytes = loneCr ? head.map((byte) => byte === CR ? LF : byte) : head;
  const sep = /^"?sep=(.)"?\r?\n/i.exec(String.fromCharCode(...bytes.subarray(0, 12)));
  const skip = sep ? sep[0].length : 0;
  const rest = bytes.subarray(skip);
  const dialect = dialectOf(rest, sep?.[1].charCodeAt(0));
  const record = emptyRecord();
  readRecord(rest, 0, dialect, true, record);
  const first = fieldTexts(rest, record, dialect).map((text) => text.trim());
  const headerless = first.length === mimicColumns.length && MIMIC_ID.test(first[0]);
  const columns = headerless ? mimicColumns : first;
  return { dialect, columns, hasHeader: !headerless, loneCr, skip };
}

/**
 * The delimiter under which the records have the same number of fields, and then, only if the
 * standard way leaves damaged records and another one does not, that way.
 */
function dialectOf(bytes: Uint8Array, given: number | undefined): CsvDialect {
  const standard = (delimiter: number) => ({ delimiter, quotes: true, backslash: false });
  const [best] = (given === undefined ? DELIMITERS : [given])
    .map((delimiter) => ({ dialect: standard(delimiter), ...evenness(bytes, standard(delimiter)) }))
    .sort((a, b) =>
      Number(b.fields > 1) - Number(a.fields > 1) || b.sound - a.sound || b.fields - a.fields
    );
  if (best.fields === 1 && given === undefined) {
    best.dialect = standard(NO_DELIMITER);
    best.sound = evenness(bytes, best.dialect).sound;
  }
  if (best.sound === 1) return best.dialect;
  const others = [{ ...best.dialect, backslash: true }];
  if (best.dialect.delimiter === TAB) others.push({ ...best.dialect, quotes: false });
  return others.find((dialect) => evenness(bytes, dialect).sound === 1) ?? best.dialect;
}

/** Number of fields of the first record, and the share of the others that are like it. */
function evenness(bytes: Uint8Array, dialect: CsvDialect): { fields: number; sound: number } {
  const record = emptyRecord();
  if (!readRecord(bytes, 0, dialect, true, record) || record.next < 0) {
    return { fields: 0, sound: 0 };
  }
  const fields = record.count;
  let sound = 0, seen = 0;
  for (let at = record.next; at < bytes.length && seen < RECORDS_LOOKED_AT;) {
    if (!readRecord(bytes, at, dialect, false, record)) break;
    if (!isBlank(record, fields)) {
      seen++;
      if (isSound(bytes, record, fields)) sound++;
    }
    at = record.next;
  }
  return { fields, sound: seen === 0 ? 1 : sound / seen };
}

function fieldTexts(bytes: Uint8Array, record: CsvRecord, dialect: CsvDialect): string[] {
  return Array.from(
    { length: record.count },
    (_, field) => decodeText(fieldBytes(bytes, record, field, dialect)).text,
  );
}
