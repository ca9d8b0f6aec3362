/** Which passage of each note is typed, and which of its words are predicted. */

import type { Document } from "../lib/gpt/scoring/documents.ts";
import { wordSamples } from "./next_word.ts";
import type { NoteRequest } from "./note_worker.ts";
import { passageOf } from "./passage.ts";
import { wordsOf } from "./words.ts";

/** One request a note; the growth of the first `withGrowths` is asked for, for examples. */
export function requestsFor(
  { typed, excerpt, words, train }: {
    typed: readonly Document[];
    excerpt: number;
    words: number;
    train: readonly Document[];
  },
  withGrowths: number,
): NoteRequest[] {
  const passages = typed.map(({ text }, index) => passageOf(text, excerpt, index));
  const available = typed.reduce((sum, { text }, index) => {
    const { from, to } = passages[index];
    return sum + wordsOf(text.slice(from, to)).length;
  }, 0);
  const stride = Math.max(1, Math.round(available / words));
  const known = new Set(train.flatMap(({ text }) => wordsOf(text).map((word) => word.text)));
  const isKnown = known.size > 0 ? (word: string) => known.has(word) : undefined;
  return typed.map(({ text }, index) => ({
    text,
    passage: passages[index],
    words: wordSamples(text, passages[index], stride, isKnown),
    withGrowths: index < withGrowths,
  }));
}
