/**
 * Which passage of each note is typed (long notes repeat themselves less than they differ), and which
 * of its words are predicted.
 */

import type { Document } from "../scoring/documents.ts";
import { wordSamples } from "./next_word.ts";
import type { NoteRequest } from "./note_worker.ts";
import type { Passage } from "./typist.ts";
import { placedWords } from "../../clinical/words.ts";

/** One request a note, with about `words` words to predict in all; the growth of the first `withGrowths` is asked for, for examples. */
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
    return sum + placedWords(text.slice(from, to)).length;
  }, 0);
  const stride = Math.max(1, Math.round(available / words));
  const known = new Set(train.flatMap(({ text }) => placedWords(text).map((word) => word.text)));
  const isKnown = known.size > 0 ? (word: string) => known.has(word) : undefined;
  return typed.map(({ text }, index) => ({
    text,
    passage: passages[index],
    words: words === 0 ? [] : wordSamples(text, passages[index], stride, isKnown),
    withGrowths: index < withGrowths,
  }));
}

/**
 * About `length` UTF-16 units of `note` (0: all of it) that begin and end between words. `index`
 * moves the place from note to note, so that all sections are met: a golden-ratio sequence.
 */
export function passageOf(note: string, length: number, index: number): Passage {
  if (length === 0 || note.length <= length) return { from: 0, to: note.length };
  const place = (0.5 + index * 0.6180339887) % 1;
  const from = wordStart(note, Math.floor(place * (note.length - length)));
  return { from, to: wordStart(note, from + length) };
}

/** The first place from `at` on that stands behind white space, or the end. */
function wordStart(note: string, at: number): number {
  if (at === 0) return 0;
  while (at < note.length && !/\s/.test(note[at - 1])) at++;
  return at;
}
