/**
 * Next-word prediction: at a caret where a word begins (what stands before it, white space
 * included, is given), is the word that follows the first, or among the first three, of those
 * that the system ranks highest? What counts as a word: words.ts.
 */

import type { Passage } from "./typist.ts";
import { type WordClass, wordsOf } from "./words.ts";

/** The likeliest words after `before`, best first. */
export type NextWords = (before: string) => Promise<string[]>;

export interface NextWordScore {
  words: number;
  top1: number;
  top3: number;
}

export type NextWordScores = Record<WordClass, NextWordScore>;

/** Every `stride`-th word that begins in a passage, counted from `stride / 2`. */
export async function nextWords(
  text: string,
  stride: number,
  predict: NextWords,
  { from, to }: Passage = { from: 0, to: text.length },
): Promise<NextWordScores> {
  const scores = emptyScores();
  const words = wordsOf(text).filter(({ start }) => start >= from && start < to);
  for (let index = stride >> 1; index < words.length; index += stride) {
    const word = words[index];
    const ranked = await predict(text.slice(0, word.start));
    const score = scores[word.class];
    score.words++;
    if (ranked[0] === word.text) score.top1++;
    if (ranked.slice(0, 3).includes(word.text)) score.top3++;
  }
  return scores;
}

const none = (): NextWordScore => ({ words: 0, top1: 0, top3: 0 });
const emptyScores = (): NextWordScores => ({ word: none(), number: none(), redacted: none() });

/** Sums over notes, for one class of words or for `all`. */
export function sumNextWords(
  scores: readonly NextWordScores[],
  wordClass: WordClass | "all",
): NextWordScore {
  const total = none();
  for (const score of scores) {
    const parts = wordClass === "all" ? Object.values(score) : [score[wordClass]];
    for (const { words, top1, top3 } of parts) {
      total.words += words;
      total.top1 += top1;
      total.top3 += top3;
    }
  }
  return total;
}
