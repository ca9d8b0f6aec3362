/**
 * Finds notes that say nearly the same: copies with another date, a corrected word, a longer
 * ending. Similarity is the Jaccard index of the sets of runs of 27 letters and digits (five words
 * or so), estimated by one-permutation minwise hashing (Li, Owen, Zhang 2012): every run is hashed
 * once, the hash picks one of 128 bins, and each bin keeps its smallest value. Two notes agree in a
 * bin with a probability equal to their similarity. Candidates come from banding (Leskovec,
 * Rajaraman, Ullman, Mining of Massive Datasets, ch. 3): 16 bands of 4 bins miss a pair of
 * similarity 0.9 once in 10^7.
 */

import { HashTable } from "./hash_table.ts";

const BINS = 128;
const BANDS = 16;
const ROWS = 4;
const SHINGLE = 27;
/** Of long notes one run in sixteen is looked at, chosen by its hash: in each note the same ones. */
const SAMPLED = 0b1111 << (SHINGLE - 4);
/**
 * Notes under this many bytes are looked at whole: a sample of a few runs would take two short
 * notes that differ in the word that matters for one.
 */
const LONG_BYTES = 8192;
/** Shorter notes are compared for equality only: one changed word changes most of their shingles. */
const FEWEST_SHINGLES = 100;
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
  add(text: Uint8Array): NearDuplicate | undefined {
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

/** Estimated similarity of two texts in UTF-8; 0 where one has fewer words than a shingle. */
export function estimateSimilarity(a: Uint8Array, b: Uint8Array): number {
  const first = new Uint32Array(BINS), second = new Uint32Array(BINS);
  signatureOf(a, first);
  signatureOf(b, second);
  return similarity(first, second, 0);
}

/** By byte: an odd number drawn at random, the same for both cases of a letter; 0 for what separates. */
const gears = Int32Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte).toLowerCase();
  const counts = byte >= 0x80 || /[a-z0-9]/.test(char);
  return counts ? mix(Math.imul(byte < 0x80 ? char.charCodeAt(0) : byte, 0x9e3779b1)) | 1 : 0;
});
const WINDOW = 2 ** SHINGLE - 1;

/**
 * Fills `signature` from the shingles of a text and returns how many there are. Letters and digits
 * count, in any case; everything else, `___` included, is passed over. The hash is that of gear
 * chunking (Xia et al. 2014): each letter shifts the ones before it up by a bit, so that the low 27
 * bits are those of the last 27 letters. This loop sees every byte of the corpus; by words instead
 * of letters it took twice as long.
 */
function signatureOf(bytes: Uint8Array, signature: Uint32Array): number {
  const end = bytes.length;
  signature.fill(EMPTY);
  const skipped = end < LONG_BYTES ? 0 : SAMPLED;
  let hash = 0, letters = 0;
  for (let at = 0; at < end; at++) {
    const gear = gears[bytes[at]];
    const counts = gear & 1;
    letters += counts;
    hash = (hash << counts) + gear | 0;
    if ((hash & skipped) !== 0 || counts === 0 || letters < SHINGLE) continue;
    const mixed = mix(hash & WINDOW);
    const bin = mixed >>> 25, value = mixed & 0x1ffffff;
    if (value < signature[bin]) signature[bin] = value;
  }
  return Math.max(0, letters - SHINGLE + 1);
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
