/** What a suggestion in a chart must not hold, and where it has to end. Pure text rules. */

import type { Policies } from "./types.ts";
import { wordsOf } from "./words.ts";

/** `never`: no numbers and doses; `confident`: only very likely ones; `always`: like any word. */
export type NumbersPolicy = "never" | "confident" | "always";
export const numbersPolicies: readonly NumbersPolicy[] = ["never", "confident", "always"];

/** What a policy cuts a suggestion for. */
export type CutReason =
  | "redaction"
  | "unreadable"
  | "line"
  | "section"
  | "stop"
  | "text_after"
  | "repetition";

/** Bytes that are no UTF-8, and control characters but for tab and line ends. */
// deno-lint-ignore no-control-regex
const UNREADABLE = /[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** A suggestion has to end before this character. */
export interface Cut {
  at: number;
  reason: CutReason;
}

export interface CutRules
  extends Pick<Policies, "lineBreaks" | "sectionStops" | "loops" | "placeholders"> {
  /** Text before the caret; only its end matters. */
  before: string;
  /** Text after the caret, which a suggestion must not repeat. */
  after: string;
  stop: readonly string[];
}

/** Units that turn the number before them into a dose or a rate. */
const units = new Set(
  "mg mcg ug g gm kg ml l units unit u iu meq mmol mm cm tab tabs tablet tablets cap caps capsule capsules puff puffs drops gtt %"
    .split(" "),
);

/**
 * Whether the suggested `part` of `word`, which follows the word `previous`, holds a digit or makes
 * the unit of a number.
 */
export function isQuantity(part: string, word: string, previous: string): boolean {
  if (/\d/.test(part)) return true;
  return /\d\W*$/.test(previous) && units.has(word.toLowerCase().replace(/[^a-z%]/g, ""));
}

/** The first place where `text` has to end, if any. */
export function findCut(text: string, rules: CutRules): Cut | undefined {
  const { before, after, stop } = rules;
  const cuts: Cut[] = [];
  const add = (at: number, reason: CutReason) => {
    if (at >= 0) cuts.push({ at, reason });
  };
  if (!rules.placeholders) add(text.indexOf("_"), "redaction");
  add(text.search(UNREADABLE), "unreadable");
  if (rules.sectionStops) add(sectionEnd(text), "section");
  if (!rules.lineBreaks) add(text.search(/[\n\r]/), "line");
  for (const sequence of stop) if (sequence !== "") add(text.indexOf(sequence), "stop");
  add(repeatsTextAfter(text, after), "text_after");
  if (!rules.loops) add(loopStart(text, before), "repetition");
  return cuts.reduce<Cut | undefined>(
    (first, cut) => first === undefined || cut.at < first.at ? cut : first,
    undefined,
  );
}

/**
 * Where a section ends in `text`: at a blank line, before a header (`Physical Exam:` alone on its
 * line, `PLAN:` in capitals anywhere), or behind a header that the text begins with. −1 if nowhere.
 */
export function sectionEnd(text: string): number {
  const ends: number[] = [];
  const blank = /\n[ \t]*\n/.exec(text);
  if (blank) ends.push(blank.index);
  const ownLine = /(^|\n)[^\n]*:[ \t]*\n/.exec(text);
  if (ownLine) ends.push(ownLine[1] === "" ? text.indexOf(":") + 1 : ownLine.index);
  const capitals = /(?:\b[A-Z][A-Z/&-]*\s+){0,5}\b[A-Z][A-Z/&-]{2,}:/.exec(text);
  if (capitals) {
    const begins = text.slice(0, capitals.index).trim() === "";
    ends.push(begins ? capitals.index + capitals[0].length : capitals.index);
  }
  return ends.length === 0 ? -1 : Math.min(...ends);
}

/** Where `text` starts to say what stands behind the caret already, −1 if nowhere. */
function repeatsTextAfter(text: string, after: string): number {
  const following = after.trimStart();
  if (following === "") return -1;
  for (const word of text.matchAll(/\S+/g)) {
    const said = text.slice(word.index).trimEnd();
    const next = following.slice(said.length, said.length + 1);
    if (following.startsWith(said) && !/[\p{L}\p{N}]/u.test(next)) return word.index;
  }
  return -1;
}

/** Longest loop looked for, in words. */
const MAX_PERIOD = 8;

/** Where `text` starts to say the same words a second time in a row, −1 if nowhere. */
function loopStart(text: string, before: string): number {
  const previous = wordsOf(before.slice(-20 * MAX_PERIOD)).slice(-MAX_PERIOD);
  const places = [...text.matchAll(/\S+/g)].filter(([word]) => /[\p{L}\p{N}]/u.test(word));
  const words = [...previous, ...places.map(([word]) => word)];
  for (let end = previous.length + 1; end <= words.length; end++) {
    for (let period = 1; period <= MAX_PERIOD && 2 * period <= end; period++) {
      const last = words.slice(end - period, end), first = words.slice(end - 2 * period);
      if (!last.every((word, i) => word === first[i])) continue;
      return places[Math.max(0, end - period - previous.length)].index;
    }
  }
  return -1;
}
