/** How often each pre-token occurs: what the trainer learns from. */

import { grown, WordTable } from "./word_table.ts";

/** Word counts as flat arrays, to travel between threads. */
export interface PackedCounts {
  bytes: Uint8Array<ArrayBuffer>;
  starts: Uint32Array<ArrayBuffer>;
  counts: Float64Array<ArrayBuffer>;
}

export class WordCounts {
  readonly words = new WordTable(1 << 16);
  counts: Float64Array<ArrayBuffer> = new Float64Array(1 << 16);

  add(source: Uint8Array, start: number, end: number, times: number): void {
    const word = this.words.intern(source, start, end);
    this.counts = grown(this.counts, word + 1);
    this.counts[word] += times;
  }

  addAll({ bytes, starts, counts }: PackedCounts): void {
    for (let word = 0; word < counts.length; word++) {
      this.add(bytes, starts[word], starts[word + 1], counts[word]);
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
