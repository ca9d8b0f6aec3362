/**
 * Byte-pair encoding (Sennrich et al. 2016) over counted words: merge the most frequent pair of
 * neighbours, again and again. Ties go to the pair with the lower ids, and a pair's count is only
 * refreshed when it comes to the top of the queue, as in Hugging Face `tokenizers`, whose merges
 * these are, one for one (tests/tokenize/bpe_trainer_test.ts).
 *
 *     words:  "hug" ×10, "pug" ×5, "hugs" ×5
 *     pairs:  u+g 20 → merge 1; then h+ug 15 → merge 2; then hug+s 5, p+ug 5 → …
 *
 * A merge touches only the words that hold its pair: each queue entry carries the list of them.
 */

import { PairMap } from "./pair_map.ts";
import { baseTokens, BYTE_TOKENS, byteId, type Merge, type Vocabulary } from "./vocabulary.ts";
import { grown, type WordTable } from "../lib/base/word_table.ts";

export interface TrainOptions {
  /** Ids in all: end of text, 256 bytes, and the rest from merges. */
  vocabSize: number;
  /** A pair that occurs less often is not merged. */
  minFrequency: number;
  onProgress?: (tokens: number) => void;
}

/** Learns merges from `words`, the i-th of which occurs `counts[i]` times. */
export function trainBpe(
  words: WordTable,
  counts: Float64Array,
  { vocabSize, minFrequency, onProgress }: TrainOptions,
): Vocabulary {
  if (!Number.isInteger(vocabSize) || vocabSize <= BYTE_TOKENS || vocabSize > 65536) {
    throw new RangeError(
      `Cannot train a vocabulary of ${vocabSize} tokens: expected ${BYTE_TOKENS + 1} to 65536`,
    );
  }
  const tokens = baseTokens();
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges = new Map<number, Merge>();
  const corpus = new Corpus(words, counts);
  corpus.countAll();
  while (tokens.length < vocabSize) {
    const top = corpus.mostFrequent();
    if (top === undefined || top.count < Math.max(1, minFrequency)) break;
    const left = top.key >>> 16, right = top.key & 0xffff;
    const text = tokens[left] + tokens[right];
    const token = ids.get(text) ?? tokens.push(text) - 1;
    ids.set(text, token);
    // A pair that comes up a second time (its token was re-made by another merge) moves to the end.
    merges.delete(top.key);
    merges.set(top.key, { left, right, token });
    corpus.merge(top.positions, left, right, token);
    onProgress?.(tokens.length);
  }
  return { tokens, merges: [...merges.values()] };
}

/** The words as sequences of ids, the count of every pair, and where each pair occurs. */
class Corpus {
  readonly #symbols: Uint16Array;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #wordCounts: Float64Array;
  readonly #pairs = new PairMap(1 << 16);
  #pairCounts = new Float64Array(1 << 16);
  readonly #queue = new MergeQueue();

  // Lists of words as linked nodes. `#heads[pair]` is the list under construction, 0 if none.
  #heads = new Uint32Array(1 << 16);
  #nodeWord = new Uint32Array(1 << 16);
  #nodeNext = new Uint32Array(1 << 16);
  #nodes = 1;
  #freeNode = 0;
  #touched: number[] = [];

  constructor(words: WordTable, counts: Float64Array) {
    this.#symbols = Uint16Array.from(
      words.bytes.subarray(0, words.starts[words.size]),
      (byte) => byteId[byte],
    );
    this.#starts = words.starts.subarray(0, words.size + 1);
    this.#lengths = Uint32Array.from(
      { length: words.size },
      (_, word) => words.starts[word + 1] - words.starts[word],
    );
    this.#wordCounts = counts;
  }

  countAll(): void {
    for (let word = 0; word < this.#lengths.length; word++) {
      const start = this.#starts[word], end = start + this.#lengths[word];
      for (let at = start + 1; at < end; at++) {
        this.#change(this.#symbols[at - 1], this.#symbols[at], word, this.#wordCounts[word]);
      }
    }
    this.#enqueueTouched();
  }

  /** Takes the most frequent pair off the queue. */
  mostFrequent(): QueueEntry | undefined {
    for (let top; (top = this.#queue.pop()) !== undefined;) {
      const count = this.#pairCounts[this.#pairs.find(top.key >>> 16, top.key & 0xffff)];
      if (top.count === count) return top;
      this.#queue.push({ ...top, count });
    }
    return undefined;
  }

  /** Replaces `left`, `right` by `token` in the words of the list, and frees the list. */
  merge(positions: number, left: number, right: number, token: number): void {
    for (let node = positions; node !== 0;) {
      this.#mergeWord(this.#nodeWord[node], left, right, token);
      const next = this.#nodeNext[node];
      this.#nodeNext[node] = this.#freeNode;
      this.#freeNode = node;
      node = next;
    }
    this.#enqueueTouched();
  }

  #mergeWord(word: number, left: number, right: number, token: number): void {
    const symbols = this.#symbols, count = this.#wordCounts[word];
    const start = this.#starts[word], end = start + this.#lengths[word];
    let out = start;
    for (let at = start; at < end; at++, out++) {
      if (symbols[at] !== left || at + 1 === end || symbols[at + 1] !== right) {
        symbols[out] = symbols[at];
        continue;
      }
      if (out > start) {
        this.#change(symbols[out - 1], left, word, -count);
        this.#change(symbols[out - 1], token, word, count);
      }
      if (at + 2 < end) {
        this.#change(right, symbols[at + 2], word, -count);
        this.#change(token, symbols[at + 2], word, count);
      }
      symbols[out] = token;
      at++;
    }
    this.#lengths[word] = out - start;
  }

  #change(left: number, right: number, word: number, count: number): void {
    const pair = this.#pairs.intern(left, right);
    this.#pairCounts = grown(this.#pairCounts, pair + 1);
    this.#pairCounts[pair] += count;
    if (count < 0) return;
    this.#heads = grown(this.#heads, pair + 1);
    const head = this.#heads[pair];
    if (head === 0) this.#touched.push(pair);
    else if (this.#nodeWord[head] === word) return;
    const node = this.#newNode();
    this.#nodeWord[node] = word;
    this.#nodeNext[node] = head;
    this.#heads[pair] = node;
  }

  #newNode(): number {
    const node = this.#freeNode;
    if (node !== 0) {
      this.#freeNode = this.#nodeNext[node];
      return node;
    }
    this.#nodeWord = grown(this.#nodeWord, this.#nodes + 1);
    this.#nodeNext = grown(this.#nodeNext, this.#nodes + 1);
    return this.#nodes++;
  }

  #enqueueTouched(): void {
    for (const pair of this.#touched) {
      const count = this.#pairCounts[pair];
      if (count > 0) {
        this.#queue.push({ key: this.#pairs.keys[pair], count, positions: this.#heads[pair] });
      }
      this.#heads[pair] = 0;
    }
    this.#touched = [];
  }
}

interface QueueEntry {
  /** `left · 65536 + right`. */
  key: number;
  count: number;
  /** First node of the list of words. */
  positions: number;
}

/** A binary heap: highest count first, among equals the lowest pair. */
class MergeQueue {
  readonly #heap: QueueEntry[] = [];

  push(entry: QueueEntry): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  pop(): QueueEntry | undefined {
    const heap = this.#heap, top = heap[0], last = heap.pop();
    if (heap.length === 0 || last === undefined) return top;
    let at = 0;
    for (let child; (child = 2 * at + 1) < heap.length; at = child) {
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
    }
    heap[at] = last;
    return top;
  }
}

const before = (a: QueueEntry, b: QueueEntry) =>
  a.count > b.count || (a.count === b.count && a.key < b.key);
