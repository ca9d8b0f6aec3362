/**
 * The simulated typist, by whom keystroke savings are defined here.
 *
 * He types a note that is fixed beforehand, character by character. Before each keystroke the
 * system may show one suggestion. If the whole suggestion equals the text that follows, he accepts
 * it with one key; otherwise he types one character. He never makes a mistake and never accepts a
 * suggestion that he would have to correct.
 *
 *     savings = 1 − keystrokes / characters
 *
 * A character is a Unicode code point. Reading is not counted: a suggestion that is shown and not
 * accepted costs nothing, so the figure is an upper bound of what a clinician can gain.
 */

import { codePoints } from "../measure/documents.ts";

/** What stands in grey after `before`, or undefined if nothing does. */
export type Suggest = (before: string) => Promise<string | undefined>;

export interface Typing {
  /** Code points of the note. */
  characters: number;
  /** Keys pressed: characters typed and suggestions accepted. */
  keystrokes: number;
  /** Carets at which a suggestion was shown. */
  shown: number;
  /** Suggestions accepted. */
  accepted: number;
  /** Code points that came from accepted suggestions. */
  acceptedCharacters: number;
}

/** A part of a note, in UTF-16 units. */
export interface Passage {
  from: number;
  to: number;
}

/** Types a passage of `note`, by default all of it; what precedes stands there already. */
export async function typeNote(
  note: string,
  suggest: Suggest,
  { from, to }: Passage = { from: 0, to: note.length },
): Promise<Typing> {
  const passage = note.slice(0, to);
  const typing: Typing = {
    characters: codePoints(note.slice(from, to)),
    keystrokes: 0,
    shown: 0,
    accepted: 0,
    acceptedCharacters: 0,
  };
  for (let caret = from; caret < to;) {
    const suggestion = await suggest(note.slice(0, caret));
    typing.keystrokes++;
    if (suggestion) typing.shown++;
    if (suggestion && passage.startsWith(suggestion, caret)) {
      typing.accepted++;
      typing.acceptedCharacters += codePoints(suggestion);
      caret += suggestion.length;
    } else {
      caret += note.codePointAt(caret)! > 0xffff ? 2 : 1;
    }
  }
  return typing;
}

/** The sums over several notes. */
export function sumTyping(typings: readonly Typing[]): Typing {
  const total: Typing = {
    characters: 0,
    keystrokes: 0,
    shown: 0,
    accepted: 0,
    acceptedCharacters: 0,
  };
  for (const typing of typings) {
    for (const key of Object.keys(total) as (keyof Typing)[]) total[key] += typing[key];
  }
  return total;
}

/** 1 − keystrokes / characters; 0 for no text at all. */
export const savings = ({ keystrokes, characters }: Pick<Typing, "keystrokes" | "characters">) =>
  characters === 0 ? 0 : 1 - keystrokes / characters;
