/**
 * What counts as a word when next-word prediction is measured: letters, digits and underscores,
 * with single hyphens, apostrophes, dots or slashes inside (`follow-up`, `q.i.d`, `40.5`, `w/o`).
 * `___`, the mark of de-identification, is a word of its own class.
 */

const WORD = /[\p{L}\p{N}_]+(?:[-'’./][\p{L}\p{N}_]+)*/gu;

const LEADING_WORD = new RegExp(WORD.source, "uy");

export type WordClass = "word" | "number" | "redacted";

export interface Word {
  text: string;
  /** UTF-16 offset in the note. */
  start: number;
  class: WordClass;
}

/** All words of a note, in order. */
export function wordsOf(note: string): Word[] {
  return [...note.matchAll(WORD)].map((match) => ({
    text: match[0],
    start: match.index,
    class: classOf(match[0]),
  }));
}

/** The word with which `text` begins, or undefined if it begins with something else. */
export function leadingWord(text: string): string | undefined {
  LEADING_WORD.lastIndex = 0;
  return LEADING_WORD.exec(text)?.[0];
}

function classOf(word: string): WordClass {
  if (/^_+$/.test(word)) return "redacted";
  return /^\p{N}/u.test(word) ? "number" : "word";
}
