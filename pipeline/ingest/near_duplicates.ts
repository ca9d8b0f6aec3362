/**
 * Finds notes that say nearly the same: copies with another date, a corrected word, a longer
 * ending. Similarity is the Jaccard index of the sets of five consecutive words, estimated by
 * one-permutation minwise hashing (Li, Owen, Zhang 2012): every shingle is hashed once, the hash
 * picks one of 128 bins, and each bin keeps its smallest value. Two notes agree in a bin with a
 * probability equal to their similarity. Candidates come from banding (Leskovec, Rajaraman,
 * Ullman, Mining of Massive Datasets, ch. 3): 16 bands of 4 bins miss a pair of similarity 0.9
 * once in 10^7.
 */

import { HashTable } from "./hash_table.ts";

const BINS = 128;
const BANDS = 16;
const ROWS = 4;
const SHINGLE_WORDS = 5;
/** Shorter notes are compared for equality only: one changed word changes most of their shingles. */
const FEWEST_SHINGLES = 20;
const EMPTY = 0xffffffff;
const BLOCK = 4096;

export interface NearDuplicate {
  /** Number of the earlier note, in the order of the calls to `add`. */
  of: number;
  /** Estimated Jaccard index. */
  similarity: number;
}

/** Remembers every note it is shown and says whether an earlier one is nearly the same. */
export class NearDuplicates {
  readonly #threshold: number;
  readonly #buckets = new HashTable();
  readonly #blocks: Uint32Array[] = [];
  readonly #signature = new Uint32Array(BINS);
  #count = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /**
   * The most similar earlier note at or above the threshold, if one was found; only a note without
   * one is remembered. Notes are numbered in the order in which they are remembered.
   */
  add(text: string): NearDuplicate | undefined {
    const shingles = signatureOf(text, this.#signature);
    if (shingles < FEWEST_SHINGLES) {
      this.#store();
      return undefined;
    }
    const keys = bandKeys(this.#signature);
    let best: NearDuplicate | undefined;
    let previous = -1;
    for (const key of keys) {
      const of = this.#buckets.get(key);
      if (of === undefined || of === previous) continue;
      previous = of;
      const similarity = this.#similarity(of);
      if (similarity >= this.#threshold && similarity > (best?.similarity ?? 0)) {
        best = { of, similarity };
      }
    }
    if (best) return best;
    for (const key of keys) this.#buckets.setIfAbsent(key, this.#count);
    this.#store();
    return undefined;
  }

  #store(): void {
    const slot = this.#count % BLOCK;
    if (slot === 0) this.#blocks.push(new Uint32Array(BLOCK * BINS));
    this.#blocks.at(-1)!.set(this.#signature, slot * BINS);
    this.#count++;
  }

  #similarity(note: number): number {
    const block = this.#blocks[Math.floor(note / BLOCK)];
    return similarity(this.#signature, block, (note % BLOCK) * BINS);
  }
}

/** Share of the bins used by either note in which both hold the same value. */
function similarity(signature: Uint32Array, block: Uint32Array, offset: number): number {
  let same = 0, used = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const a = signature[bin], b = block[offset + bin];
    if (a === EMPTY && b === EMPTY) continue;
    used++;
    if (a === b) same++;
  }
  return used === 0 ? 0 : same / used;
}

/** Estimated similarity of two texts; 0 where one has fewer words than a shingle. */
export function estimateSimilarity(a: string, b: string): number {
  const first = new Uint32Array(BINS), second = new Uint32Array(BINS);
  signatureOf(a, first);
  signatureOf(b, second);
  return similarity(first, second, 0);
}

/** By byte: what it is spelled with in lower case (UTF-8 beyond ASCII as it is), 0 between words. */
const spelling = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (byte >= 0x80) return byte;
  return /[A-Za-z0-9]/.test(char) ? char.toLowerCase().charCodeAt(0) : 0;
});
const HASH_START = 0x811c9dc5 | 0;
const BASE = 31;
const OLDEST = BASE ** SHINGLE_WORDS;
const encoder = new TextEncoder();
let utf8 = new Uint8Array(1 << 16);

/**
 * Fills `signature` from the shingles of `text` and returns how many there are. A word is a run
 * of letters and digits in any case; everything else, `___` included, separates. A shingle's hash
 * is a polynomial in the FNV-1a hashes of its words, so that the next one follows from the last.
 */
function signatureOf(text: string, signature: Uint32Array): number {
  if (utf8.length <= text.length * 3) utf8 = new Uint8Array(text.length * 6);
  const end = encoder.encodeInto(text, utf8).written;
  utf8[end] = 0; // Ends the last word.
  signature.fill(EMPTY);
  const recent = new Int32Array(SHINGLE_WORDS);
  let words = 0, shingle = 0;
  for (let at = 0;;) {
    while (at < end && spelling[utf8[at]] === 0) at++;
    if (at === end) return Math.max(0, words - SHINGLE_WORDS + 1);
    let hash = HASH_START;
    for (let letter; (letter = spelling[utf8[at]]) !== 0; at++) {
      hash = Math.imul(hash ^ letter, 0x01000193);
    }
    const place = words % SHINGLE_WORDS;
    shingle = (Math.imul(shingle, BASE) + hash | 0) - Math.imul(recent[place], OLDEST) | 0;
    recent[place] = hash;
    if (++words < SHINGLE_WORDS) continue;
    const mixed = mix(shingle);
    const bin = mixed >>> 25, value = mixed & 0x1ffffff;
    if (value < signature[bin]) signature[bin] = value;
  }
}

/** MurmurHash3's finalizer (Appleby): every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** One key for each band of bins; notes that share a key are compared. */
function bandKeys(signature: Uint32Array): number[] {
  return Array.from({ length: BANDS }, (_, band) => {
    let key = band + 1;
    for (let row = 0; row < ROWS; row++) {
      key = mix(Math.imul(key, 31) + signature[band * ROWS + row] | 0);
    }
    return key || 1;
  });
}
