/**
 * CSV and TSV with quoted multi-line text: MIMIC's files, the headerless shards of a BigQuery
 * export, and any other table with a text column. Streams; holds one chunk and one record.
 */

import { byteStream, head } from "./byte_stream.ts";
import { mapColumns, mappingNames, mimicColumns } from "./columns.ts";
import { type CsvRecord, emptyRecord, guessDelimiter, readRecord } from "./csv_record.ts";
import { decodeText } from "../clean/decode_text.ts";
import type { NoteField, NoteFile, RawNote, ReadContext } from "./note_source.ts";
import { ByteWindow } from "./byte_window.ts";
import { RecordStart } from "./record_start.ts";

const LF = 0x0a, QUOTE = 0x22;

/** A record longer than this has a quote that never closes: the longest MIMIC note is 0.1 MB. */
const LONGEST_RECORD_BYTES = 16 << 20;
const HEAD_BYTES = 1 << 16;
const MIMIC_ID = /^\d+-[A-Z]{2}-\d+$/;

/** How the columns of one file are laid out. */
export interface CsvLayout {
  delimiter: number;
  columns: readonly string[];
  hasHeader: boolean;
}

/** Delimiter and columns from the first bytes of a file; a MIMIC shard has no header line. */
export function csvLayout(bytes: Uint8Array): CsvLayout {
  const delimiter = guessDelimiter(bytes);
  const record = emptyRecord();
  readRecord(bytes, 0, delimiter, true, record);
  const first = fieldTexts(bytes, record).map((text) => text.trim());
  const headerless = first.length === mimicColumns.length && MIMIC_ID.test(first[0]);
  return { delimiter, columns: headerless ? mimicColumns : first, hasHeader: !headerless };
}

/** Reads a table of notes. */
export async function* readCsv(file: NoteFile, context: ReadContext): AsyncGenerator<RawNote[]> {
  const layout = csvLayout(await head(file.path, HEAD_BYTES));
  const mapping = mapColumns(layout.columns, context.columns, file.name);
  context.mapped(mappingNames(layout.columns, mapping));
  const parser = new CsvNotes(layout, mapping, context);
  for await (const bytes of byteStream(file.path, context.intake)) {
    const notes = parser.push(bytes, false);
    if (notes.length > 0) yield notes;
  }
  yield context.intake.damage ? parser.cutOff() : parser.push(new Uint8Array(0), true);
}

type Mapping = Partial<Record<NoteField, number>>;

/** The last note read, held back until what follows shows that it ended where it seemed to. */
interface Held {
  note: RawNote;
  /** It may have ended early: its text was not quoted, or held a quote of its own. */
  doubtful: boolean;
}

/** Turns chunks of bytes into notes and rejects. */
class CsvNotes {
  readonly #layout: CsvLayout;
  readonly #mapping: Mapping;
  readonly #fields: [NoteField, number][];
  readonly #context: ReadContext;
  readonly #starts: RecordStart;
  readonly #record: CsvRecord = emptyRecord();
  readonly #window = new ByteWindow();
  /** Position in the unpacked file of the first byte of the window. */
  #offset = 0;
  /** How many bytes of the window are done with. */
  #used = 0;
  #row = 0;
  #headerPending: boolean;
  #skipping = false;
  #held: Held | undefined;

  constructor(layout: CsvLayout, mapping: Mapping, context: ReadContext) {
    this.#layout = layout;
    this.#mapping = mapping;
    this.#fields = Object.entries(mapping) as [NoteField, number][];
    this.#context = context;
    this.#headerPending = layout.hasHeader;
    this.#starts = new RecordStart(layout.delimiter, layout.columns.length, mapping.text!);
  }

  /** The notes that are complete with this chunk; their texts are valid until the next call. */
  push(chunk: Uint8Array, final: boolean): RawNote[] {
    const used = this.#used;
    this.#window.advance(used, chunk);
    this.#offset += used;
    const notes: RawNote[] = [];
    this.#used = this.#parse(this.#window.bytes, final, notes);
    if (this.#held && final) notes.push(this.#held.note);
    else if (this.#held) this.#held.note.text = this.#held.note.text.slice();
    return notes;
  }

  /** The last note before a damaged place; the record that the damage cut is lost. */
  cutOff(): RawNote[] {
    if (this.#window.bytes.length > this.#used) {
      this.#row++;
      this.#context.reject(
        this.#row,
        "malformed row",
        "the file is damaged or cut off in this row",
      );
    }
    return this.#held ? [this.#held.note] : [];
  }

  /** Reads records until the bytes run out; returns how many bytes are done with. */
  #parse(bytes: Uint8Array, final: boolean, notes: RawNote[]): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skipping) {
        const start = this.#starts.after(bytes, at);
        if (start < 0) return final ? bytes.length : Math.max(at, bytes.lastIndexOf(LF));
        this.#skipping = false;
        at = start;
      }
      const record = this.#record;
      if (!readRecord(bytes, at, this.#layout.delimiter, final, record)) {
        if (bytes.length - at <= LONGEST_RECORD_BYTES) return at;
        this.#lost(bytes, at, "a quote is opened and never closed");
        continue;
      }
      if (this.#headerPending) {
        this.#headerPending = false;
        at = record.next;
        continue;
      }
      if (record.count === 1 && record.starts[0] === record.ends[0] && record.next > 0) {
        at = record.next;
        continue;
      }
      const fault = this.#fault(bytes, record);
      if (fault) {
        this.#lost(bytes, at, fault);
        continue;
      }
      this.#release(notes);
      this.#hold(bytes, record);
      at = record.next;
    }
    return at;
  }

  /** What is wrong with a record that was read, if anything. */
  #fault(bytes: Uint8Array, record: CsvRecord): string | undefined {
    if (record.next < 0) return "a quote is opened and never closed";
    const expected = this.#layout.columns.length;
    if (record.count !== expected) {
      return `${record.count} field${record.count === 1 ? "" : "s"}, expected ${expected}`;
    }
    if (this.#swallowedNext(bytes, record)) return "the quote around the text is not closed";
    return undefined;
  }

  /** An unclosed quote ends at a quote of the next record, whose first line is then in the text. */
  #swallowedNext(bytes: Uint8Array, record: CsvRecord): boolean {
    const field = this.#mapping.text!;
    const start = record.starts[field], end = record.ends[field];
    if (record.strayQuote) return this.#starts.after(bytes, start, end) >= 0;
    const lastLine = bytes.lastIndexOf(LF, end - 1);
    return lastLine >= start && this.#starts.isAt(bytes, lastLine + 1);
  }

  #release(notes: RawNote[]): void {
    if (this.#held) notes.push(this.#held.note);
    this.#held = undefined;
  }

  #hold(bytes: Uint8Array, record: CsvRecord): void {
    this.#row++;
    this.#starts.learn(bytes, record);
    this.#held = {
      note: this.#note(bytes, record),
      doubtful: record.strayQuote || !record.lastQuoted,
    };
  }

  /**
   * Gives up the record at `at`, and the one before it if that one turns out to have ended in the
   * middle of its text; reading goes on where the next record begins.
   */
  #lost(bytes: Uint8Array, at: number, fault: string): void {
    const place = `at byte ${this.#offset + at} of the unpacked file`;
    if (this.#held?.doubtful && !this.#starts.isAt(bytes, at)) {
      const { row } = this.#held.note;
      this.#held = undefined;
      this.#context.reject(
        row,
        "malformed row",
        `the row ends in the middle of its text, ${place}`,
      );
    } else {
      this.#row++;
      this.#context.reject(this.#row, "malformed row", `${fault}, ${place}`);
    }
    this.#skipping = true;
  }

  #note(bytes: Uint8Array, record: CsvRecord): RawNote {
    const note: RawNote = {
      row: this.#row,
      note_id: null,
      subject_id: null,
      hadm_id: null,
      note_type: null,
      note_seq: null,
      charttime: null,
      storetime: null,
      text: fieldBytes(bytes, record, this.#mapping.text!),
    };
    for (const [field, position] of this.#fields) {
      if (field !== "text") note[field] = fieldText(bytes, record, position).trim() || null;
    }
    return note;
  }
}

function fieldTexts(bytes: Uint8Array, record: CsvRecord): string[] {
  return Array.from({ length: record.count }, (_, field) => fieldText(bytes, record, field));
}

const fieldText = (bytes: Uint8Array, record: CsvRecord, field: number): string =>
  decodeText(fieldBytes(bytes, record, field)).text;

/** What a field holds; a view of `bytes` unless quotes in it are doubled. */
function fieldBytes(bytes: Uint8Array, record: CsvRecord, field: number): Uint8Array {
  const raw = bytes.subarray(record.starts[field], record.ends[field]);
  return record.escaped[field] ? withSingleQuotes(raw) : raw;
}

/** `say ""5""` becomes `say "5"`. */
function withSingleQuotes(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0, from = 0;
  for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, from)) {
    out.set(bytes.subarray(from, at + 1), length);
    length += at + 1 - from;
    from = bytes[at + 1] === QUOTE ? at + 2 : at + 1;
  }
  out.set(bytes.subarray(from), length);
  return out.subarray(0, length + bytes.length - from);
}
