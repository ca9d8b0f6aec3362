/** One pass over the text of notes, feeding every counter. Runs in each worker. */

import type { HeaderSet } from "../lib/clinical/sections.ts";
import { type IdentifierPart, IdentifierScan } from "./identifiers.ts";
import { type LinePart, LineScan } from "./lines.ts";
import { type RecurrencePart, RecurrenceScan } from "./recurrence.ts";
import { type RedactionPart, RedactionScan } from "./redactions.ts";
import { type SectionPart, SectionScan } from "./sections.ts";
import { VocabularyCounter, type VocabularyPart } from "./vocabulary.ts";

/** Notes `first`, `first + 1`, ... of notes.parquet: note `i` is `bytes[ends[i - 1] ?? 0..ends[i])`. */
export interface Batch {
  first: number;
  bytes: Uint8Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
}

export interface ScanOptions {
  /** Notes in all. */
  notes: number;
  headers: HeaderSet;
  /** Sentences of every so many-th note are counted. */
  recurrenceStride: number;
}

/** Measures of each note, by its index; 0 for notes that another worker scanned. */
export interface PerNote {
  characters: Uint32Array<ArrayBuffer>;
  rawWords: Uint32Array<ArrayBuffer>;
  words: Uint32Array<ArrayBuffer>;
  lines: Uint32Array<ArrayBuffer>;
  redactions: Uint32Array<ArrayBuffer>;
}

/** Everything one worker found. */
export interface ScanPart {
  perNote: PerNote;
  vocabulary: VocabularyPart;
  sections: SectionPart;
  redactions: RedactionPart;
  identifiers: IdentifierPart;
  lines: LinePart;
  recurrence: RecurrencePart;
}

export class Scan {
  readonly #stride: number;
  readonly #perNote: PerNote;
  readonly #vocabulary = new VocabularyCounter();
  readonly #sections: SectionScan;
  readonly #redactions: RedactionScan;
  readonly #identifiers = new IdentifierScan();
  readonly #lines = new LineScan();
  readonly #recurrence = new RecurrenceScan();
  readonly #decoder = new TextDecoder();

  constructor({ notes, headers, recurrenceStride }: ScanOptions) {
    this.#stride = recurrenceStride;
    const zeros = () => new Uint32Array(notes);
    this.#perNote = {
      characters: zeros(),
      rawWords: zeros(),
      words: zeros(),
      lines: zeros(),
      redactions: zeros(),
    };
    this.#sections = new SectionScan(headers);
    this.#redactions = new RedactionScan(headers.sections.length);
  }

  add({ first, bytes, ends }: Batch): void {
    let from = 0;
    ends.forEach((to, index) => {
      this.#addNote(first + index, bytes.subarray(from, to));
      from = to;
    });
  }

  #addNote(note: number, bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes);
    const lines = text.split("\n");
    const { rawWords, words } = this.#vocabulary.add(bytes, note);
    const segments = this.#sections.add(lines, text.length);
    const perNote = this.#perNote;
    perNote.characters[note] = text.length;
    perNote.rawWords[note] = rawWords;
    perNote.words[note] = words;
    perNote.lines[note] = lines.length;
    perNote.redactions[note] = this.#redactions.add(text, lines, segments);
    this.#identifiers.add(text);
    this.#lines.add(lines);
    if (note % this.#stride === 0) this.#recurrence.add(text);
  }

  part(): ScanPart {
    return {
      perNote: this.#perNote,
      vocabulary: this.#vocabulary.part(),
      sections: this.#sections.part(),
      redactions: this.#redactions.part(),
      identifiers: this.#identifiers.part(),
      lines: this.#lines.part(),
      recurrence: this.#recurrence.part(),
    };
  }
}
