/**
 * The longest passages that generated text shares word for word with the training notes, and with
 * how many patients' notes. A phrase of one patient that the model writes unasked is a leak; a
 * phrase of hundreds is clinical routine.
 */

import { wordsOf } from "../decode/words.ts";

export interface SharedPassage {
  words: number;
  /** Different training notes that hold it. */
  notes: number;
}

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
  const cut = texts.map(wordsOf);
  const read = notes.map(wordsOf);
  let low = 0, high = LIMIT;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holders(cut, read, middle).size > 0) low = middle;
    else high = middle - 1;
  }
  const found = holders(cut, read, UNIQUE_WORDS);
  const isUnique = (run: string) => found.get(run) === 1;
  const leaking = cut.filter((words) => runsOf(words, UNIQUE_WORDS).some(isUnique)).length;
  return {
    any: low,
    unique: longestUnique(cut, read, low),
    uniqueShare: texts.length === 0 ? 0 : leaking / texts.length,
  };
}

/** The greatest n at which some run of n words is in exactly one note. */
function longestUnique(
  cut: readonly string[][],
  read: readonly string[][],
  longest: number,
): number {
  for (let n = longest; n > 0; n--) {
    for (const notes of holders(cut, read, n).values()) if (notes === 1) return n;
  }
  return 0;
}

/** In how many notes each run of `n` words of the texts occurs; those in none are left out. */
function holders(
  cut: readonly string[][],
  read: readonly string[][],
  n: number,
): Map<string, number> {
  const wanted = new Set(cut.flatMap((words) => runsOf(words, n)));
  const count = new Map<string, number>();
  if (wanted.size === 0) return count;
  for (const words of read) {
    const here = new Set(runsOf(words, n).filter((run) => wanted.has(run)));
    for (const run of here) count.set(run, (count.get(run) ?? 0) + 1);
  }
  return count;
}

const runsOf = (words: readonly string[], n: number): string[] =>
  Array.from(
    { length: Math.max(0, words.length - n + 1) },
    (_, i) => words.slice(i, i + n).join(" "),
  );
