/**
 * Counts words given as bytes. Ten million different words have to fit, so they are kept in a
 * `WordTable` instead of as JavaScript strings in a `Map`.
 */

import { grown, WordTable } from "../lib/base/word_table.ts";

/** What a counter holds, as arrays that a worker can hand over. */
export interface WordCounts {
  bytes: Uint8Array<ArrayBuffer>;
  /** Word `i` is `bytes[starts[i]..starts[i + 1]]`. */
  starts: Uint32Array<ArrayBuffer>;
  counts: Uint32Array<ArrayBuffer>;
  /** Index of the first note with the word. */
  firstNotes: Uint32Array<ArrayBuffer>;
}

const START = 1 << 12;

export class WordCounter {
  readonly #words = new WordTable();
  #counts = new Uint32Array(START);
  #firstNotes = new Uint32Array(START);

  /** Words so far. */
  get size(): number {
    return this.#words.size;
  }

  /** Counts the word `bytes[from..to)` of note `note`. */
  add(bytes: Uint8Array, from: number, to: number, note: number, count = 1): void {
    const size = this.#words.size;
    const word = this.#words.intern(bytes, from, to);
    if (word === size) {
      this.#counts = grown(this.#counts, word + 1);
      this.#firstNotes = grown(this.#firstNotes, word + 1);
      this.#counts[word] = count;
      this.#firstNotes[word] = note;
      return;
    }
    this.#counts[word] += count;
    if (note < this.#firstNotes[word]) this.#firstNotes[word] = note;
  }

  /** Adds every word of another counter. */
  merge({ bytes, starts, counts, firstNotes }: WordCounts): void {
    for (let word = 0; word < counts.length; word++) {
      this.add(bytes, starts[word], starts[word + 1], firstNotes[word], counts[word]);
    }
  }

  /** Gives the arrays away, cut to their used length, without a copy; the counter is then empty. */
  take(): WordCounts {
    const size = this.#words.size;
    const cut = (array: Uint32Array<ArrayBuffer>) =>
      new Uint32Array(array.buffer.transfer(size * 4));
    const taken = {
      ...this.#words.take(),
      counts: cut(this.#counts),
      firstNotes: cut(this.#firstNotes),
    };
    this.#counts = new Uint32Array(START);
    this.#firstNotes = new Uint32Array(START);
    return taken;
  }
}

/** The text of word `index`. */
export function wordAt({ bytes, starts }: WordCounts, index: number): string {
  return new TextDecoder().decode(bytes.subarray(starts[index], starts[index + 1]));
}
