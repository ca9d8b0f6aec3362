/**
 * What counts as a word: letters, digits and underscores, with single hyphens, apostrophes, dots or
 * slashes inside (`follow-up`, `q.i.d`, `40.5`, `w/o`), and commas or colons inside numbers
 * (`10,000`, `12:30`). Letters and digits are those of any script.
 */

/** What words are made of, for a character class. */
export const LETTERS = String.raw`\p{L}\p{M}\p{N}_`;

const JOINED = String.raw`(?:[-‐‑'’./]|(?<=\p{N})[,:](?=\p{N}))`;
const WORD = new RegExp(`[${LETTERS}]+(?:${JOINED}[${LETTERS}]+)*`, "gu");
const LEADING_WORD = new RegExp(WORD.source, "uy");

export interface PlacedWord {
  text: string;
  /** UTF-16 offset in the text. */
  start: number;
}

/** The words of a text with their places, redactions (`___`) among them. */
export const placedWords = (text: string): PlacedWord[] =>
  Array.from(text.matchAll(WORD), ({ 0: word, index }) => ({ text: word, start: index }));

/** The words of a text; `___` hides a word and is none. */
export const wordsOf = (text: string): string[] =>
  (text.match(WORD) ?? []).filter((word) => !isRedaction(word));

/** Whether `word` is the mark of de-identification. */
export const isRedaction = (word: string): boolean => /^_+$/.test(word);

/** The word with which `text` begins, or undefined if it begins with something else. */
export function leadingWord(text: string): string | undefined {
  LEADING_WORD.lastIndex = 0;
  return LEADING_WORD.exec(text)?.[0];
}
