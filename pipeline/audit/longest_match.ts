/**
 * The longest passages that generated text shares word for word with the training notes, and with
 * how many patients' notes. A phrase of one patient that the model writes unasked is a leak; a
 * phrase of hundreds is clinical routine.
 */

import { mix32 } from "../lib/base/random.ts";
import { wordsOf } from "../lib/clinical/words.ts";

export interface LongestMatches {
  /** Longest passage found in any training note. */
  any: number;
  /** Longest passage found in exactly one training note. */
  unique: number;
  /** Share of the texts that hold a passage of at least UNIQUE_WORDS words from one note only. */
  uniqueShare: number;
}

/** A passage of so many words that only one note holds is counted as a leak. */
export const UNIQUE_WORDS = 12;

/** Longest passage looked for, in words. */
const LIMIT = 64;

/**
 * Compares `texts` with `notes`. For a number of words n, every run of n words of the texts is
 * looked up while all notes are read once, so memory grows with the texts alone. Lengths are found
 * by bisection: what holds for a run holds for each of its parts, except uniqueness, which grows
 * with length, so that it is counted at UNIQUE_WORDS and at the longest length.
 */
export function longestMatches(texts: readonly string[], notes: readonly string[]): LongestMatches {
  const number = new Map<string, number>();
  const cut = texts.map((text) =>
    wordsOf(text).map((word) => {
      if (!number.has(word)) number.set(word, number.size + 1);
      return number.get(word)!;
    })
  );
  // Words that no text holds become 0: no run goes across them.
  const read = notes.map((note) => wordsOf(note).map((word) => number.get(word) ?? 0));
  let low = 0, high = LIMIT;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holders(cut, read, middle).size > 0) low = middle;
    else high = middle - 1;
  }
  const found = holders(cut, read, UNIQUE_WORDS);
  const leaking = cut.filter((words) => {
    for (const run of runsOf(words, UNIQUE_WORDS)) if (found.get(run) === 1) return true;
    return false;
  }).length;
  return {
    any: low,
    unique: longestUnique(cut, read, low),
    uniqueShare: texts.length === 0 ? 0 : leaking / texts.length,
  };
}

type Words = readonly number[];

/** The greatest n at which some run of n words is in exactly one note. */
function longestUnique(cut: readonly Words[], read: readonly Words[], longest: number): number {
  for (let n = longest; n > 0; n--) {
    for (const notes of holders(cut, read, n).values()) if (notes === 1) return n;
  }
  return 0;
}

/** In how many notes each run of `n` words of the texts occurs; those in none are left out. */
function holders(cut: readonly Words[], read: readonly Words[], n: number): Map<number, number> {
  const wanted = new Set<number>();
  for (const words of cut) for (const run of runsOf(words, n)) wanted.add(run);
  const count = new Map<number, number>();
  for (const words of read) {
    const here = new Set<number>();
    for (const run of runsOf(words, n)) if (wanted.has(run)) here.add(run);
    for (const run of here) count.set(run, (count.get(run) ?? 0) + 1);
  }
  return count;
}

/**
 * A hash of 52 bits for every run of `n` words that are not 0: two rolling polynomial hashes modulo
 * 2^32, of which 26 bits each are kept. Among 10^7 runs two share one by chance once in 100 times.
 */
function* runsOf(words: Words, n: number): Generator<number> {
  const A = 0x2c1b3c6d, B = 0x297a2d39;
  let powerA = 1, powerB = 1;
  for (let i = 0; i < n; i++) {
    powerA = Math.imul(powerA, A);
    powerB = Math.imul(powerB, B);
  }
  let a = 0, b = 0, length = 0;
  for (let at = 0; at < words.length; at++) {
    if (words[at] === 0) {
      a = b = length = 0;
      continue;
    }
    a = Math.imul(a, A) + words[at] | 0;
    b = Math.imul(b, B) + words[at] | 0;
    if (++length > n) {
      a = a - Math.imul(powerA, words[at - n]) | 0;
      b = b - Math.imul(powerB, words[at - n]) | 0;
    }
    if (length >= n) yield (mix32(a) >>> 6) * 2 ** 26 + (mix32(b) >>> 6);
  }
}
