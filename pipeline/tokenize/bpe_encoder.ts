/**
 * The bulk encoder: UTF-8 bytes in, token ids out. Each pre-token is looked up among the words
 * encoded before, which answers all but a few in a hundred; a new one has its merges applied in rank order,
 * leftmost first.
 */

import { PairMap } from "./pair_map.ts";
import { preTokenEnd } from "./pre_tokenizer.ts";
import { byteId, type Vocabulary } from "./vocabulary.ts";
import { grown, WordTable } from "../lib/base/word_table.ts";

/** Words remembered before the memory is emptied: bounds it on text without repetition. */
const CACHE_WORDS = 1 << 20;
const CACHE_BYTES = 1 << 26;

export class BpeEncoder {
  readonly #pairs = new PairMap();
  /** By index of the pair: its place in the list of merges, and the id it becomes. */
  readonly #rank: Uint32Array;
  readonly #merged: Uint16Array;

  readonly #words = new WordTable(1 << 14);
  #wordTokens = new Uint16Array(1 << 16);
  /** Tokens of word `i` are `#wordTokens[#wordStarts[i]..#wordStarts[i + 1]]`. */
  #wordStarts = new Uint32Array(1 << 14);

  constructor({ merges }: Vocabulary) {
    this.#rank = new Uint32Array(merges.length);
    this.#merged = new Uint16Array(merges.length);
    merges.forEach(({ left, right, token }, rank) => {
      const index = this.#pairs.intern(left, right);
      this.#rank[index] = rank;
      this.#merged[index] = token;
    });
  }

  /**
   * Encodes `bytes[start..end]` (valid UTF-8) into `out` from `at` on and returns the end there.
   * There are never more tokens than bytes: `out` must have that room.
   */
  encode(bytes: Uint8Array, start: number, end: number, out: Uint16Array, at: number): number {
    while (start < end) {
      const wordEnd = preTokenEnd(bytes, start, end);
      const known = this.#words.size;
      const word = this.#words.intern(bytes, start, wordEnd);
      if (word === known) this.#remember(word);
      const to = this.#wordStarts[word + 1];
      for (let from = this.#wordStarts[word]; from < to; from++) out[at++] = this.#wordTokens[from];
      start = wordEnd;
      if (known >= CACHE_WORDS || this.#words.starts[known] >= CACHE_BYTES) this.#words.clear();
    }
    return at;
  }

  #remember(word: number): void {
    const tokens = this.encodeWord(this.#words.word(word));
    const start = this.#wordStarts[word];
    this.#wordTokens = grown(this.#wordTokens, start + tokens.length);
    this.#wordTokens.set(tokens, start);
    this.#wordStarts = grown(this.#wordStarts, word + 2);
    this.#wordStarts[word + 1] = start + tokens.length;
  }

  /** Applies the merges to one pre-token. O(n log n), so that a megabyte without a space passes. */
  encodeWord(bytes: Uint8Array): Uint16Array {
    const ids = Uint16Array.from(bytes, (byte) => byteId[byte]);
    const length = ids.length;
    const next = Int32Array.from(ids, (_, i) => i + 1);
    const previous = Int32Array.from(ids, (_, i) => i - 1);
    const queue = new NumberHeap();
    /** Candidate merges as `rank · 2³² + position`: a lower number is to be merged first. */
    const offer = (at: number) => {
      const right = next[at];
      if (at < 0 || right >= length) return;
      const pair = this.#pairs.find(ids[at], ids[right]);
      if (pair >= 0) queue.push(this.#rank[pair] * 2 ** 32 + at);
    };
    for (let at = 0; at < length - 1; at++) offer(at);
    for (let top; (top = queue.pop()) !== undefined;) {
      const at = top % 2 ** 32, right = next[at];
      // Out of date if either side has been merged into something else since.
      if (ids[at] === 0 || right >= length) continue;
      const pair = this.#pairs.find(ids[at], ids[right]);
      if (pair < 0 || this.#rank[pair] !== (top - at) / 2 ** 32) continue;
      ids[at] = this.#merged[pair];
      ids[right] = 0;
      next[at] = next[right];
      if (next[at] < length) previous[next[at]] = at;
      offer(at);
      offer(previous[at]);
    }
    return ids.filter((id) => id !== 0);
  }
}

/** A binary heap of numbers, smallest first. */
class NumberHeap {
  readonly #heap: number[] = [];

  push(value: number): void {
    const heap = this.#heap;
    let at = heap.length;
    for (let parent; at > 0 && heap[parent = (at - 1) >> 1] > value; at = parent) {
      heap[at] = heap[parent];
    }
    heap[at] = value;
  }

  pop(): number | undefined {
    const heap = this.#heap, top = heap[0], last = heap.pop();
    if (heap.length === 0 || last === undefined) return top;
    let at = 0;
    for (let child; (child = 2 * at + 1) < heap.length; at = child) {
      if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= last) break;
      heap[at] = heap[child];
    }
    heap[at] = last;
    return top;
  }
}
