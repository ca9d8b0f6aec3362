/**
 * Next-word prediction: at a caret where a word begins (what stands before it, white space
 * included, is given), or after its first one, two or three letters, is the word that stands there
 * the first, or among the first three, of those that the system ranks highest? What counts as a
 * word: lib/clinical/words.ts.
 */

import type { Passage } from "./typist.ts";
import { classifiedWords, type WordClass } from "../../clinical/word_classes.ts";

/** The likeliest words after `before`, best first; `typed` is how the word begins. */
export type NextWords = (before: string, typed: string) => Promise<string[]>;

/** Letters of a word that are typed already: at its beginning, or inside. */
export const typedLetters: readonly number[] = [0, 1, 2, 3];

/** A word to be predicted. */
export interface WordSample {
  text: string;
  /** UTF-16 offset in the note. */
  start: number;
  class: WordClass;
  /** Whether the training notes hold it; undefined if there are none to look at. */
  known?: boolean;
}

/** How a system did on one word. */
export interface RankedWord extends Pick<WordSample, "class" | "known"> {
  /**
   * For 0, 1, 2, 3 typed letters: 1 to 3 for the place at which the word was offered, 0 for not at
   * all, undefined where the word is no longer than what is typed.
   */
  ranks: (number | undefined)[];
}

/** Every `stride`-th word that begins in a passage, counted from `stride / 2`. */
export function wordSamples(
  text: string,
  { from, to }: Passage,
  stride: number,
  isKnown?: (word: string) => boolean,
): WordSample[] {
  const words = classifiedWords(text).filter(({ start }) => start >= from && start < to);
  return words
    .filter((_, index) => index % stride === stride >> 1)
    .map((word) => ({ ...word, known: isKnown?.(word.text) }));
}

/** The place of the word in what `predict` offers after 0, 1, 2, 3 of its letters. */
export async function rankWord(
  note: string,
  { text, start, class: wordClass, known }: WordSample,
  predict: NextWords,
): Promise<RankedWord> {
  const letters = Array.from(text);
  const ranks: RankedWord["ranks"] = [];
  for (const count of typedLetters) {
    // Where a word was removed there is nothing to type a letter of.
    if (count >= letters.length || (count > 0 && wordClass === "redacted")) {
      ranks.push(undefined);
      continue;
    }
    const typed = letters.slice(0, count).join("");
    const offered = await predict(note.slice(0, start) + typed, typed);
    ranks.push(offered.slice(0, 3).indexOf(text) + 1);
  }
  return { class: wordClass, known, ranks };
}
