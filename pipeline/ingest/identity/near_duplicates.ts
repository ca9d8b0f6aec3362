/**
 * Finds notes that say nearly the same: copies with another date, a corrected word, a longer
 * ending. Similarity is the Jaccard index of the sets of runs of 24 letters and digits (five words
 * or so), in any case and with whatever else between them, estimated by one-permutation minwise
 * hashing (Li, Owen, Zhang 2012): a run is hashed once, the hash picks one of 128 bins, and each bin
 * keeps its smallest value. Two notes agree in a bin with a probability equal to their similarity;
 * 128 bins tell it to 0.03 at 0.9. Candidates come from banding (Leskovec,
 * Rajaraman, Ullman, Mining of Massive Datasets, ch. 3): 16 bands of 4 bins miss a pair of
 * similarity 0.9 once in 10^7.
 */

import { mix32 } from "../../lib/base/random.ts";
import { HashTable } from "./hash_table.ts";
import { Numbers } from "./numbers.ts";
import { BINS, type Scans } from "../clean/scans.ts";

const BANDS = 16;
const ROWS = 4;
/** Shorter notes are compared for equality only: one changed word changes most of their shingles. */
const FEWEST_SHINGLES = 100;
const BLOCK = 4096;
/** What is kept of a bin that no run fell into, or one run in 65,536. */
const NONE = 0xffff;

export interface NearDuplicate {
  /** The earlier note, by the number that `add` was given. */
  of: number;
  /** Estimated Jaccard index. */
  similarity: number;
}

/**
 * Remembers every note it is shown and says whether an earlier one is nearly the same. Of a value
 * 16 bits are kept: two that differ look alike once in 65,536.
 */
export class NearDuplicates {
  readonly #threshold: number;
  readonly #scans: Scans;
  readonly #buckets = new HashTable();
  readonly #blocks: Uint16Array[] = [];
  /** What the caller calls each note here. */
  readonly #notes = new Numbers();
  readonly #signature = new Uint32Array(BINS);
  readonly #short = new Uint16Array(BINS);
  readonly #keys = new Uint32Array(BANDS);

  constructor(threshold: number, scans: Scans) {
    this.#threshold = threshold;
    this.#scans = scans;
  }

  /**
   * The most similar earlier note of the same `group` at or above the threshold, if one was found;
   * only a note without one is remembered, as number `note` (counted, if not given).
   */
  add(text: Uint8Array, note = this.#notes.length, group = 0): NearDuplicate | undefined {
    const shingles = this.#scans.signature(text, this.#signature);
    if (shingles < FEWEST_SHINGLES) return undefined;
    const keys = this.#keys;
    bandKeys(this.#signature, keys, group);
    this.#short.set(this.#signature); // The low 16 bits; EMPTY becomes NONE.
    let best: NearDuplicate | undefined;
    let previous = -1;
    for (const key of keys) {
      const of = this.#buckets.get(key);
      if (of === undefined || of === previous) continue;
      previous = of;
      const similarity = this.#similarity(of);
      if (similarity >= this.#threshold && similarity > (best?.similarity ?? 0)) {
        best = { of: this.#notes.get(of), similarity };
      }
    }
    if (best) return best;
    for (const key of keys) this.#buckets.setIfAbsent(key, this.#notes.length);
    this.#store(note);
    return undefined;
  }

  #store(note: number): void {
    const slot = this.#notes.length % BLOCK;
    if (slot === 0) this.#blocks.push(new Uint16Array(BLOCK * BINS));
    this.#blocks.at(-1)!.set(this.#short, slot * BINS);
    this.#notes.push(note);
  }

  #similarity(index: number): number {
    const block = this.#blocks[Math.floor(index / BLOCK)];
    return similarity(this.#short, block, (index % BLOCK) * BINS);
  }
}

/** Share of the bins used by either note in which both hold the same value. */
function similarity(signature: Uint16Array, block: Uint16Array, offset: number): number {
  let same = 0, used = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const a = signature[bin], b = block[offset + bin];
    if (a === NONE && b === NONE) continue;
    used++;
    if (a === b) same++;
  }
  return used === 0 ? 0 : same / used;
}

/** Estimated similarity of two texts in UTF-8; 0 where one has fewer words than a shingle. */
export function estimateSimilarity(a: Uint8Array, b: Uint8Array, scans: Scans): number {
  const [first, second] = [a, b].map((text) => {
    const signature = new Uint32Array(BINS), short = new Uint16Array(BINS);
    scans.signature(text, signature);
    short.set(signature);
    return short;
  });
  return similarity(first, second, 0);
}

/** One key for each band of bins; notes of a group that share a key are compared. */
function bandKeys(signature: Uint32Array, keys: Uint32Array, group: number): void {
  const salt = group === 0 ? 0 : mix32(group);
  for (let band = 0; band < BANDS; band++) {
    let key = band + 1 ^ salt;
    for (let row = 0; row < ROWS; row++) {
      key = mix32(Math.imul(key, 31) + signature[band * ROWS + row] | 0);
    }
    keys[band] = key || 1;
  }
}
