/**
 * CSV and TSV with quoted multi-line text: MIMIC's files, the headerless shards of a BigQuery
 * export, and any other table with a text column. Streams; holds one chunk and one record, and
 * looks further ahead only where a record is damaged.
 */

import { decodeText } from "../clean/decode_text.ts";
import { byteStream, head } from "./byte_stream.ts";
import { mapColumns, mappingNames, type SourceField } from "./columns.ts";
import { type CsvLayout, csvLayout } from "./csv_dialect.ts";
import { type CsvRecord, emptyRecord, fieldBytes, readRecord } from "./csv_record.ts";
import { CsvRecovery, fits, isBlank } from "./csv_recovery.ts";
import { emptyNote, type NoteFile, type RawNote, type ReadContext } from "./note_source.ts";

const LF = 0x0a, CR = 0x0d;

/** A record longer than this has a quote that never closes: the longest MIMIC note is 0.1 MB. */
const LONGEST_RECORD_BYTES = 64 << 20;
/** What is looked at behind a damaged record: several notes. */
const LOOK_AHEAD_BYTES = 1 << 19;
const HEAD_BYTES = 1 << 18;

/** Reads a table of notes. */
export async function* readCsv(file: NoteFile, context: ReadContext): AsyncGenerator<RawNote[]> {
  const layout = csvLayout(await head(file.path, HEAD_BYTES, context.encoding));
  const mapping = mapColumns(layout.columns, context.columns, file.name, layout.hasHeader);
  context.mapped(mappingNames(layout.columns, mapping));
  const parser = new CsvNotes(layout, mapping, context);
  for await (const bytes of byteStream(file.path, context.intake, context.encoding)) {
    const notes = parser.push(bytes, false);
    if (notes.length > 0) yield notes;
  }
  yield context.intake.damage ? parser.cutOff() : parser.push(new Uint8Array(0), true);
}

type Mapping = Partial<Record<SourceField, number>>;

/** The last note read, held back until what follows shows that it ended where it seemed to. */
interface Held {
  note: RawNote;
  /** Where its record lies in the window. */
  start: number;
  end: number;
  textQuoted: boolean;
}

/** A stretch of damaged bytes that no record begins in. */
interface Damage {
  /** What was wrong with the first record of it. */
  fault: string;
  place: string;
  /** It begins like a row, so that the row before it is whole. */
  ownRow: boolean;
  /** Quotes in it do not match. */
  quotes: boolean;
}

/** Turns chunks of bytes into notes and rejects. */
class CsvNotes {
  readonly #layout: CsvLayout;
  readonly #columns: number;
  readonly #mapping: Mapping;
  readonly #fields: [SourceField, number][];
  readonly #context: ReadContext;
  readonly #recovery: CsvRecovery;
  readonly #record: CsvRecord = emptyRecord();
  /** What is not yet used of the chunks before, then the last one. */
  #window = new Uint8Array(1 << 16);
  #length = 0;
  /** Position in the unpacked file of the first byte of the window. */
  #offset = 0;
  /** Where in the window the next record begins. */
  #at = 0;
  #row = 0;
  #skip: number;
  #headerPending: boolean;
  #held: Held | undefined;
  #damage: Damage | undefined;
  /** A quoted field with a line break in it has been read: quotes are no ordinary characters. */
  #sawMultiline = false;

  constructor(layout: CsvLayout, mapping: Mapping, context: ReadContext) {
    this.#layout = layout;
    this.#columns = layout.columns.length;
    this.#mapping = mapping;
    this.#fields = (Object.entries(mapping) as [SourceField, number][])
      .filter(([field]) => field !== "text");
    this.#context = context;
    this.#skip = layout.skip;
    this.#headerPending = layout.hasHeader;
    this.#recovery = new CsvRecovery(layout.dialect, this.#columns, mapping.text!);
  }

  /** The notes that are complete with this chunk; their texts are valid until the next call. */
  push(chunk: Uint8Array, final: boolean): RawNote[] {
    this.#advance(this.#layout.loneCr ? chunk.map((byte) => byte === CR ? LF : byte) : chunk);
    const notes: RawNote[] = [];
    this.#parse(this.#window.subarray(0, this.#length), final, notes);
    if (final) {
      this.#endDamage();
      this.#release(notes);
    } else if (this.#held) this.#held.note.text = this.#held.note.text.slice();
    return notes;
  }

  /** Drops what is done with from the beginning of the window and appends a chunk. */
  #advance(chunk: Uint8Array): void {
    const used = this.#held?.start ?? this.#at;
    const kept = this.#length - used;
    const length = kept + chunk.length;
    if (length <= this.#window.length) this.#window.copyWithin(0, used, this.#length);
    else {
      const larger = new Uint8Array(length + (length >> 2));
      larger.set(this.#window.subarray(used, this.#length));
      this.#window = larger;
    }
    this.#window.set(chunk, kept);
    this.#length = length;
    this.#offset += used;
    this.#at -= used;
    if (this.#held) {
      this.#held.start -= used;
      this.#held.end -= used;
    }
  }

  /** The last note before a damaged place; the record that the damage cut is lost. */
  cutOff(): RawNote[] {
    this.#endDamage();
    if (this.#length > this.#at) {
      this.#row++;
      this.#reject(this.#row, "the file is damaged or cut off in this row");
    }
    const notes: RawNote[] = [];
    this.#release(notes);
    return notes;
  }

  #reject(row: number, detail: string): void {
    this.#context.reject(row, "malformed row", detail);
  }

  /** Reads records until the bytes run out. */
  #parse(bytes: Uint8Array, final: boolean, notes: RawNote[]): void {
    const record = this.#record;
    if (this.#skip > 0 && bytes.length >= this.#skip) {
      this.#at += this.#skip;
      this.#skip = 0;
    }
    while (this.#at < bytes.length) {
      const at = this.#at;
      const whole = readRecord(bytes, at, this.#recovery.dialect, final, record);
      if (!whole && bytes.length - at <= LONGEST_RECORD_BYTES) return;
      if (this.#headerPending) {
        this.#headerPending = false;
        this.#at = record.next < 0 ? bytes.length : record.next;
      } else if (whole && isBlank(record, this.#columns)) {
        this.#at = record.next;
      } else if (
        whole && record.next >= 0 && !record.strayQuote && fits(record, this.#columns) &&
        this.#damage === undefined
      ) {
        this.#take(bytes, notes);
      } else {
        const seen = bytes.length - Math.max(at, whole ? record.next : 0);
        if (!final && seen < LOOK_AHEAD_BYTES && bytes.length - at <= LONGEST_RECORD_BYTES) return;
        this.#doubt(bytes, whole && record.next >= 0, final, notes);
      }
    }
  }

  /** Keeps the record that was read as a note. */
  #take(bytes: Uint8Array, notes: RawNote[]): void {
    const record = this.#record;
    this.#endDamage();
    this.#release(notes);
    this.#row++;
    if (this.#recovery.learning) this.#recovery.learn(bytes, record);
    const text = this.#mapping.text!;
    this.#held = {
      note: this.#note(bytes),
      start: this.#at,
      end: record.next,
      textQuoted: record.quoted[text],
    };
    this.#at = record.next;
  }

  #release(notes: RawNote[]): void {
    if (this.#held) notes.push(this.#held.note);
    this.#held = undefined;
  }

  /** Decides about a record that is not sound, or that follows one that was not. */
  #doubt(bytes: Uint8Array, ended: boolean, final: boolean, notes: RawNote[]): void {
    const record = this.#record, at = this.#at, recovery = this.#recovery;
    const fault = this.#fault(ended);
    if (fault === undefined && !record.strayQuote) {
      // Whole, after damage.
      if (recovery.isRecord(bytes, at, final)) this.#take(bytes, notes);
      else this.#lose(bytes, "it follows a damaged row and does not look like one", record.next);
      return;
    }
    if (this.#damage === undefined) {
      if (recovery.otherDialect(bytes, at, final, record, !this.#sawMultiline)) {
        return this.#take(bytes, notes);
      }
      if (this.#backToHeld(bytes, final)) return;
      readRecord(bytes, at, recovery.dialect, final, record);
    }
    const open = !ended;
    const end = ended ? record.next : bytes.length;
    if (open || record.strayQuote) {
      const swallowed = recovery.swallowed(bytes, at, end, end, final);
      if (swallowed >= 0) {
        return this.#lose(bytes, "the quote around the text is not closed", swallowed, true);
      }
      if (!open && recovery.readToTrueEnd(bytes, at, final, record)) {
        return this.#take(bytes, notes);
      }
      if (open) {
        const next = final ? bytes.length : bytes.lastIndexOf(LF) + 1;
        return this.#lose(bytes, fault!, Math.max(next, at + 1), true);
      }
      readRecord(bytes, at, recovery.dialect, final, record);
      return this.#lose(bytes, fault ?? "quotes in its text are not doubled", record.next, true);
    }
    const next = recovery.ranInto(bytes, at, record.next, record.next + 1, final);
    if (next >= 0) {
      return this.#lose(bytes, "the quote around the text is not closed", next, true);
    }
    this.#lose(bytes, fault!, record.next);
  }

  /** What is wrong with the record that was read, if anything. */
  #fault(ended: boolean): string | undefined {
    if (!ended) return "a quote is opened and never closed";
    const { count } = this.#record;
    if (fits(this.#record, this.#columns)) return undefined;
    return `${count} field${count === 1 ? "" : "s"}, expected ${this.#columns}`;
  }

  /**
   * Whether what is damaged is the row before: its text lost its closing quote and ran into the
   * next record, which began at the end of it.
   */
  #backToHeld(bytes: Uint8Array, final: boolean): boolean {
    if (!this.#held?.textQuoted) return false;
    const { start, end, note } = this.#held;
    const next = this.#recovery.ranInto(bytes, start, end, this.#at + 1, final);
    if (next < 0) return false;
    this.#held = undefined;
    this.#reject(note.row, `the quote around the text is not closed, ${this.#place(start)}`);
    this.#at = next;
    return true;
  }

  #place = (at: number) => `at byte ${this.#offset + at} of the unpacked file`;

  /** Gives up the record at `#at`; reading goes on at `next`. */
  #lose(bytes: Uint8Array, fault: string, next: number, quotes = false): void {
    const ownRow = this.#recovery.beginsLikeRow(bytes, this.#record);
    if (this.#damage && ownRow) this.#endDamage();
    this.#damage ??= { fault, place: this.#place(this.#at), ownRow, quotes: false };
    const last = bytes.subarray(this.#at, next);
    this.#damage.quotes ||= quotes || isOddQuote(last);
    this.#at = next;
  }

  /** Reports a stretch of damage, and gives up the row before where that one's text ran on in it. */
  #endDamage(): void {
    const damage = this.#damage;
    if (damage === undefined) return;
    this.#damage = undefined;
    const broken = !damage.ownRow && damage.quotes && this.#mapping.text !== 0 &&
      this.#held !== undefined && !this.#held.textQuoted;
    if (broken) {
      const { row } = this.#held!.note;
      this.#held = undefined;
      this.#reject(row, `the row ends in the middle of its text, ${damage.place}`);
    } else {
      this.#row++;
      this.#reject(this.#row, `${damage.fault}, ${damage.place}`);
    }
  }

  #note(bytes: Uint8Array): RawNote {
    const record = this.#record, { dialect } = this.#recovery;
    const text = fieldBytes(bytes, record, this.#mapping.text!, dialect);
    if (!this.#sawMultiline) {
      this.#sawMultiline = record.quoted[this.#mapping.text!] && text.includes(LF);
    }
    const note = emptyNote(this.#row, text);
    for (const [field, position] of this.#fields) {
      note[field as "note_id"] = decodeText(fieldBytes(bytes, record, position, dialect)).text;
    }
    return note;
  }
}

/** Quotes do not come in pairs. */
function isOddQuote(bytes: Uint8Array): boolean {
  let count = 0;
  for (let at = bytes.indexOf(0x22); at >= 0; at = bytes.indexOf(0x22, at + 1)) count++;
  return count % 2 === 1;
}
