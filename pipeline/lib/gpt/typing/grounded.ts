/**
 * What a patient's context did for the typist: how many of the numbers shown were right, where the
 * accepted text comes from, and what was saved on the part of the note that does not stand in the
 * context word for word.
 */

import { type PatientContext } from "../decode/context/context.ts";
import { sourcesOf, standsIn } from "../decode/context/grounding.ts";
import type { ContextKind } from "../decode/context/types.ts";
import { wordsOf } from "../../clinical/words.ts";
import { type Passage, placeholderEnd, type Typing } from "./typist.ts";

/** A suggestion that was shown, at its caret. */
export interface Shown {
  text: string;
  /** Whether it was accepted. */
  right: boolean;
  /** Whether it is not merely the rest of the one shown a key before. */
  isNew: boolean;
}

export interface Grounding {
  /** Numbers in new suggestions, and those of them with which the note goes on. */
  numbers: number;
  rightNumbers: number;
  /** Characters of accepted suggestions, and of these the words that the context holds, by kind. */
  accepted: number;
  copied: Partial<Record<ContextKind, number>>;
  /** The passage without what stands in the context word for word: keys are shared out evenly. */
  rest: Pick<Typing, "characters" | "keystrokes" | "read">;
}

/** Words in a row from which a part of a note stands in the context word for word. */
export const COPIED_RUN = 4;

/** What the suggestions `shown`, by caret, did for a passage of `note`. */
export function groundingOf(
  note: string,
  { from, to }: Passage,
  shown: ReadonlyMap<number, Shown>,
  context: PatientContext,
): Grounding {
  const stands = standsIn(context, note, COPIED_RUN);
  const found: Grounding = {
    numbers: 0,
    rightNumbers: 0,
    accepted: 0,
    copied: {},
    rest: { characters: 0, keystrokes: 0, read: 0 },
  };
  for (let caret = from; caret < to;) {
    const redacted = placeholderEnd(note, caret);
    if (redacted > caret) {
      caret = redacted;
      continue;
    }
    const suggestion = shown.get(caret);
    if (suggestion?.isNew) countNumbers(found, note, caret, suggestion.text);
    if (suggestion?.right) countSources(found, note.slice(0, caret), suggestion.text, context);
    const step = suggestion?.right ? suggestion.text.length : 1;
    let free = 0;
    for (let at = caret; at < caret + step; at++) if (!stands[at]) free++;
    found.rest.characters += free;
    found.rest.keystrokes += free / step;
    if (suggestion?.isNew) found.rest.read += free / step;
    caret += step;
  }
  return found;
}

/**
 * Numbers with all of their digits: what follows one may still be wrong. Those of a list's items
 * (`1.` where a line begins) are no doses or values.
 */
function countNumbers(found: Grounding, note: string, caret: number, text: string): void {
  const startsLine = /(?:^|\n)\s*$/.test(note.slice(Math.max(0, caret - 8), caret));
  const item = startsLine ? /^\s*\d+[.)](?!\d)/.exec(text)?.[0].length ?? 0 : 0;
  for (const { 0: number, index } of text.matchAll(/\d+(?:[.,/:-]\d+)*/g)) {
    if (index < item) continue;
    const end = index + number.length;
    found.numbers++;
    const follows = note.startsWith(text.slice(0, end), caret);
    if (follows && !/^[.,/:]?\d/.test(note.slice(caret + end))) found.rightNumbers++;
  }
}

function countSources(
  found: Grounding,
  before: string,
  text: string,
  context: PatientContext,
): void {
  found.accepted += text.length;
  const words = Math.max(1, wordsOf(text).length);
  for (const { kind, words: copied } of sourcesOf(context, before, text)) {
    const characters = text.length * Math.min(1, copied / words);
    found.copied[kind] = (found.copied[kind] ?? 0) + characters;
  }
}

/** The sums over several passages. */
export function sumGrounding(all: readonly Grounding[]): Grounding {
  const total: Grounding = {
    numbers: 0,
    rightNumbers: 0,
    accepted: 0,
    copied: {},
    rest: { characters: 0, keystrokes: 0, read: 0 },
  };
  for (const one of all) {
    total.numbers += one.numbers;
    total.rightNumbers += one.rightNumbers;
    total.accepted += one.accepted;
    for (const [kind, characters] of Object.entries(one.copied)) {
      total.copied[kind as ContextKind] = (total.copied[kind as ContextKind] ?? 0) + characters;
    }
    for (const key of ["characters", "keystrokes", "read"] as const) {
      total.rest[key] += one.rest[key];
    }
  }
  return total;
}
