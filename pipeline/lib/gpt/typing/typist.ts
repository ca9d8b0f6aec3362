/**
 * The simulated typist, by whom keystroke savings are defined here.
 *
 * He types a note that is fixed beforehand, character by character. Before each keystroke the
 * system may show one suggestion. If the whole suggestion equals the text that follows, he accepts
 * it with one key; otherwise he types one character. He never makes a mistake and never accepts a
 * suggestion that he would have to correct.
 *
 *     savings     = 1 − keystrokes / characters
 *     net savings = 1 − (keystrokes + cost · read) / characters
 *
 * What de-identification left (`___`) is neither typed nor counted: it stands there already, as what
 * it replaced is no text that could be predicted. A character is a Unicode code point. `read` counts the suggestions he has to look at anew: one
 * that is merely the rest of the one shown a key before has been read already. Word by word, he
 * accepts the first word of a suggestion with one key if it is what follows, and what is left of
 * the suggestion stays.
 */

import { codePoints } from "../scoring/documents.ts";

/** What stands in grey after `before`, or undefined if nothing does. */
export type Suggest = (before: string) => string | undefined | Promise<string | undefined>;

export interface Typing {
  /** Code points of the note but for placeholders. */
  characters: number;
  /** Keys pressed: characters typed and suggestions (or words of them) accepted. */
  keystrokes: number;
  /** Carets at which a suggestion was shown. */
  shown: number;
  /** Of these, suggestions that were not the rest of the one shown before. */
  read: number;
  /** Suggestions (or words of them) accepted. */
  accepted: number;
  /** Code points that came from accepted suggestions. */
  acceptedCharacters: number;
}

/** A part of a note, in UTF-16 units. */
export interface Passage {
  from: number;
  to: number;
}

export interface TypistOptions {
  /** Accepts words one by one. */
  byWord?: boolean;
  /**
   * Told of every suggestion shown, whether what follows begins with all of it, and whether it is
   * new: not merely the rest of the one shown a key before.
   */
  onShown?: (caret: number, suggestion: string, right: boolean, isNew: boolean) => void;
}

const PLACEHOLDER = /_{3,}/g;

/** The end of the placeholder that begins at `at`, or `at` if none does. */
export function placeholderEnd(text: string, at: number): number {
  if (!text.startsWith("___", at)) return at;
  while (text[at] === "_") at++;
  return at;
}

/** Characters of placeholders in `text`. */
export const placeholderCharacters = (text: string): number =>
  text.match(PLACEHOLDER)?.reduce((sum, { length }) => sum + length, 0) ?? 0;

const nothing = (): Typing => ({
  characters: 0,
  keystrokes: 0,
  shown: 0,
  read: 0,
  accepted: 0,
  acceptedCharacters: 0,
});

/** Types a passage of `note`, by default all of it; what precedes stands there already. */
export async function typeNote(
  note: string,
  suggest: Suggest,
  { from, to }: Passage = { from: 0, to: note.length },
  { byWord = false, onShown }: TypistOptions = {},
): Promise<Typing> {
  const passage = note.slice(0, to);
  const own = note.slice(from, to);
  const typing = { ...nothing(), characters: codePoints(own) - placeholderCharacters(own) };
  // What is left of the last suggestion, and whether it still stands there.
  let rest = "", stays = false;
  for (let caret = from; caret < to;) {
    const behind = placeholderEnd(passage, caret);
    if (behind > caret) {
      [caret, rest, stays] = [behind, "", false];
      continue;
    }
    const suggestion: string | undefined = stays ? rest : await suggest(note.slice(0, caret));
    typing.keystrokes++;
    stays = false;
    let step = note.codePointAt(caret)! > 0xffff ? 2 : 1;
    if (suggestion) {
      typing.shown++;
      const isNew = suggestion !== rest;
      if (isNew) typing.read++;
      onShown?.(caret, suggestion, passage.startsWith(suggestion, caret), isNew);
      const taken: string = byWord ? firstWord(suggestion) : suggestion;
      if (passage.startsWith(taken, caret)) {
        typing.accepted++;
        typing.acceptedCharacters += codePoints(taken);
        step = taken.length;
        stays = taken.length < suggestion.length;
      }
    }
    const typed = passage.slice(caret, caret + step);
    rest = suggestion?.startsWith(typed) ? suggestion.slice(step) : "";
    caret += step;
  }
  return typing;
}

/** The white space and the word that `suggestion` begins with. */
const firstWord = (suggestion: string): string => /^\s*\S+/.exec(suggestion)?.[0] ?? suggestion;

/** The sums over several notes. */
export function sumTyping(typings: readonly Typing[]): Typing {
  const total = nothing();
  for (const typing of typings) {
    for (const key of Object.keys(total) as (keyof Typing)[]) total[key] += typing[key];
  }
  return total;
}

/** 1 − (keystrokes + cost · read) / characters; 0 for no text at all. */
export const savings = (
  { keystrokes, characters, read }: Pick<Typing, "keystrokes" | "characters" | "read">,
  cost = 0,
): number => characters === 0 ? 0 : 1 - (keystrokes + cost * read) / characters;
