/** What a suggestion in a chart must not hold, and where it has to end. Pure text rules. */

import type { Policies } from "./types.ts";
import { capitalsHeaderIn, headerOf } from "../../clinical/headers.ts";

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
  extends Pick<Policies, "lineBreaks" | "sectionStops" | "loopStops" | "placeholders"> {
  /** Text before the caret; only its end matters. */
  before: string;
  /** Text after the caret, which a suggestion must not repeat. */
  after: string;
  stop: readonly string[];
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
  if (rules.sectionStops) add(sectionEnd(text, before), "section");
  if (!rules.lineBreaks) add(text.search(/[\n\r]/), "line");
  for (const sequence of stop) if (sequence !== "") add(text.indexOf(sequence), "stop");
  add(repeatsTextAfter(text, after), "text_after");
  if (rules.loopStops) add(loopStart(text, before), "repetition");
  return cuts.reduce<Cut | undefined>(
    (first, cut) => first === undefined || cut.at < first.at ? cut : first,
    undefined,
  );
}

/**
 * Where a section ends in `text`, −1 if nowhere: at a blank line, before a header, or behind the
 * header that the text begins with or completes; `before` is what precedes it.
 */
export function sectionEnd(text: string, before = ""): number {
  const ends = [beforeNextHeader(text), behindFirstHeader(text, before), aroundCapitals(text)];
  return ends.reduce((first, end) => end >= 0 && (first < 0 || end < first) ? end : first, -1);
}

/** Where the first line ends, of those that a blank line or a header follows. */
function beforeNextHeader(text: string): number {
  for (let end = text.indexOf("\n"); end >= 0;) {
    const next = text.indexOf("\n", end + 1);
    const line = text.slice(end + 1, next < 0 ? undefined : next);
    if (next >= 0 && line.trim() === "") return end;
    if (headerEnd(line, next >= 0) >= 0) return end;
    end = next;
  }
  return -1;
}

/** Behind a header at the beginning of the caret's line, if it ends in the text. */
function behindFirstHeader(text: string, before: string): number {
  const typed = before.slice(before.lastIndexOf("\n") + 1);
  const end = text.indexOf("\n");
  const line = typed + (end < 0 ? text : text.slice(0, end));
  const behind = headerEnd(line, end >= 0) - typed.length;
  return behind > 0 && behind < text.length ? behind : -1;
}

/** Before a header in capitals inside a line, or behind it where nothing else precedes it. */
function aroundCapitals(text: string): number {
  const header = capitalsHeaderIn(text);
  if (header === undefined) return -1;
  const begins = text.slice(0, header.start).trim() === "";
  return !begins ? header.start : header.end < text.length ? header.end : -1;
}

/** Where the header that `line` begins with ends; a line that may still grow has to be sure. */
function headerEnd(line: string, complete: boolean): number {
  const header = headerOf(line);
  if (header === undefined || (!complete && headerOf(`${line} x`) === undefined)) return -1;
  return line.slice(0, header.end).trimEnd().length;
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

/** Longest loop looked for, in runs. */
const MAX_PERIOD = 8;

/** Runs without white space that hold a letter or a digit: a loop repeats punctuation, too. */
const runsOf = (text: string) =>
  [...text.matchAll(/\S+/g)].filter(([run]) => /[\p{L}\p{N}]/u.test(run));

/** Where `text` starts to say the same words a second time in a row, −1 if nowhere. */
function loopStart(text: string, before: string): number {
  const previous = runsOf(before.slice(-20 * MAX_PERIOD)).slice(-MAX_PERIOD);
  const places = runsOf(text);
  const runs = [...previous, ...places].map(([run]) => run);
  for (let end = previous.length + 1; end <= runs.length; end++) {
    for (let period = 1; period <= MAX_PERIOD && 2 * period <= end; period++) {
      const last = runs.slice(end - period, end), first = runs.slice(end - 2 * period);
      if (!last.every((run, i) => run === first[i])) continue;
      return places[Math.max(0, end - period - previous.length)].index;
    }
  }
  return -1;
}
