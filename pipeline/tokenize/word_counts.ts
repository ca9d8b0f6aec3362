/** How often each pre-token occurs: what the trainer learns from. */

import { grown, WordTable } from "../lib/base/word_table.ts";

/** Word counts as flat arrays, to travel between threads. */
export interface PackedCounts {
  bytes: Uint8Array<ArrayBuffer>;
  starts: Uint32Array<ArrayBuffer>;
  counts: Float64Array<ArrayBuffer>;
}

/**
 * Different words held at once, about 40 bytes each. Notes stay far below it; text without end to
 * its words (identifiers, encoded files) does not, and there the rarest are forgotten.
 */
const MOST_WORDS = 1 << 23;

export class WordCounts {
  words = new WordTable(1 << 16);
  counts: Float64Array<ArrayBuffer> = new Float64Array(1 << 16);
  readonly #mostWords: number;
  #forgotten = 0;

  constructor(mostWords = MOST_WORDS) {
    this.#mostWords = mostWords;
  }

  add(source: Uint8Array, start: number, end: number, times: number): void {
    if (this.words.size >= this.#mostWords) this.#forgetRarest();
    const word = this.words.intern(source, start, end);
    this.counts = grown(this.counts, word + 1);
    this.counts[word] += times;
  }

  /** `times`: how often each occurrence counts. */
  addAll({ bytes, starts, counts }: PackedCounts, times = 1): void {
    for (let word = 0; word < counts.length; word++) {
      this.add(bytes, starts[word], starts[word + 1], times * counts[word]);
    }
  }

  /** Lossy counting (Manku & Motwani 2002): drops words seen once, then twice, until half is free. */
  #forgetRarest(): void {
    const { words, counts } = this;
    while (this.words.size > this.#mostWords / 2) {
      this.#forgotten++;
      this.words = new WordTable(1 << 16);
      this.counts = new Float64Array(1 << 16);
      for (let word = 0; word < words.size; word++) {
        if (counts[word] <= this.#forgotten) continue;
        const kept = this.words.intern(words.bytes, words.starts[word], words.starts[word + 1]);
        this.counts = grown(this.counts, kept + 1);
        this.counts[kept] = counts[word];
      }
    }
  }

  pack(): PackedCounts {
    const { size, bytes, starts } = this.words;
    return {
      bytes: bytes.slice(0, starts[size]),
      starts: starts.slice(0, size + 1),
      counts: this.counts.slice(0, size),
    };
  }
}
