/** What the context says of a suggestion: where its words come from, and whether its numbers hold. */

import { isUnit } from "../../../clinical/quantities.ts";
import type { PatientContext } from "./context.ts";
import { isTelling } from "./telling.ts";
import type { ContextSource } from "./types.ts";
import { isNumberKey, isWordKey, keysOfText } from "./units.ts";

/**
 * `held`: the context has this value for this drug or test; `begun`: it may become one of them;
 * `contradicted`: the context has others; `unknown`: it says nothing of it.
 */
export type NumberVerdict = "held" | "begun" | "contradicted" | "unknown";

/** Keys of the text before a suggestion that are looked at. */
const KEYS_BEFORE = 12;
/** Most sources that are named. */
const MAX_SOURCES = 3;

/** Part of a suggestion that stands in the context. */
interface Run {
  /** Place of its first unit. */
  at: number;
  /** Units. */
  length: number;
  words: number;
}

/** Whether the last number of `text`, or the one right before it, holds behind `before`. */
export function verdictOf(context: PatientContext, before: string, text: string): NumberVerdict {
  const line = (before + text).slice((before + text).lastIndexOf("\n") + 1);
  const keys = keysOfText(line);
  const at = keys.findLastIndex(isNumberKey);
  if (at < 0 || at < keys.length - keysOfText(text).length - 1) return "unknown";
  const number = keys[at], measure = keys[at + 1];
  for (let back = at - 1; back >= 0 && back >= at - 4 && !isNumberKey(keys[back]); back--) {
    if (/^[.;,]/.test(keys[back])) break;
    if (!isWordKey(keys[back])) continue;
    const values = context.values.of(keys[back]);
    if (values.length === 0) continue;
    const same = values.filter(({ id }) => context.index.keys[id] === number);
    if (same.length > 0) {
      const agrees = same.some((value) =>
        value.measure === "" || measure === undefined || !isWordKey(measure) ||
        !isUnit(measure) || value.measure === measure
      );
      return agrees ? "held" : "contradicted";
    }
    const begun = values.some(({ id }) => context.index.keys[id].startsWith(number));
    return begun && at === keys.length - 1 ? "begun" : "contradicted";
  }
  return saysWith(context, keys, at) ? "held" : "unknown";
}

/**
 * Whether the context has the number `keys[at]` behind the same two keys, or before the same; ages
 * and values of an earlier note are not those of today.
 */
function saysWith({ index }: PatientContext, keys: readonly string[], at: number): boolean {
  const id = index.idOf(keys[at]);
  if (id === undefined) return false;
  const same = (place: number, key: string | undefined) =>
    key !== undefined && place >= 0 && place < index.length &&
    index.keys[index.key[place]] === key;
  return index.placesOf(id).some((place) =>
    index.items[index.itemOf(place)].kind !== "note" &&
    ((same(place - 1, keys[at - 1]) &&
      (same(place - 2, keys[at - 2]) || isTelling(keys[at - 1]))) ||
      (same(place + 1, keys[at + 1]) && isTelling(keys[at + 1])))
  );
}

/** Longest run of words in `text` that stands in the context word for word. */
export function copiedWords(context: PatientContext, text: string): number {
  return runsOf(context, keysOfText(text), 0).reduce((most, { words }) => Math.max(most, words), 0);
}

/** Where the words of `text`, suggested behind `before`, come from; most words first. */
export function sourcesOf(
  context: PatientContext,
  before: string,
  text: string,
): ContextSource[] {
  const earlier = keysOfText(before.slice(-200)).slice(-KEYS_BEFORE);
  // A word that is half typed belongs to the suggestion.
  const joins = /[\p{L}\p{N}]$/u.test(before) && /^[\p{L}\p{N}]/u.test(text);
  const typed = joins ? /[\p{L}\p{N}]+$/u.exec(before)![0] : "";
  if (joins) earlier.pop();
  const own = keysOfText(typed + text);
  const words = new Map<number, number>();
  for (const run of runsOf(context, [...earlier, ...own], earlier.length)) {
    const line = context.index.line[run.at];
    words.set(line, (words.get(line) ?? 0) + run.words);
  }
  return Array.from(words).sort(([, a], [, b]) => b - a).slice(0, MAX_SOURCES).map(
    ([line, count]) => {
      const { item, number, header } = context.index.lines[line];
      const { kind, source, date } = context.index.items[item];
      const place = header === "" ? `line ${number}` : `${header}, line ${number}`;
      return { kind, source, date, place, words: count };
    },
  );
}

/**
 * The parts of `keys` from `first` on that stand in the context, longest first where several begin
 * at the same key. A run may begin before `first`; only what lies behind it is counted.
 */
function runsOf({ index }: PatientContext, keys: readonly string[], first: number): Run[] {
  const ids = keys.map((key) => index.idOf(key) ?? -1);
  const runs: Run[] = [];
  for (let from = first; from < keys.length;) {
    let best: Run & { back: number } = { at: 0, length: 0, words: 0, back: 0 };
    if (ids[from] >= 0) {
      for (const at of index.placesOf(ids[from])) {
        let length = 1, back = 0;
        while (from + length < ids.length && index.key[at + length] === ids[from + length]) {
          length++;
        }
        while (back < from && at > back && index.key[at - back - 1] === ids[from - back - 1]) {
          back++;
        }
        if (length > best.length || (length === best.length && back >= best.back)) {
          best = { at, length, words: 0, back };
        }
      }
    }
    const said = keys.slice(from, from + best.length);
    best.words = said.filter((key) => isWordKey(key) || isNumberKey(key)).length;
    const tells = said.some((key) => isTelling(key) && (key.length > 3 || isNumberKey(key)));
    if (tells || best.length + best.back >= 4) runs.push(best);
    from += Math.max(1, best.length);
  }
  return runs;
}

/** For each character of `text`, whether it is in a run of `least` words that stands in the context. */
export function standsIn({ index }: PatientContext, text: string, least: number): Uint8Array {
  const marks = new Uint8Array(text.length);
  const units = [...text.matchAll(/[\p{L}\p{N}]+/gu)];
  const ids = units.map(([word]) => index.idOf(keysOfText(word)[0] ?? "") ?? -1);
  const words = wordPlaces(index);
  for (let from = 0; from < ids.length; from++) {
    let longest = 0;
    for (const at of words.starts.get(ids[from]) ?? []) {
      let length = 0;
      while (from + length < ids.length && words.ids[at + length] === ids[from + length]) length++;
      longest = Math.max(longest, length);
    }
    if (longest < least) continue;
    const last = units[from + longest - 1];
    marks.fill(1, units[from].index, last.index + last[0].length);
    from += longest - 1;
  }
  return marks;
}

/** The words and numbers of the context, without signs between them. */
function wordPlaces(index: PatientContext["index"]) {
  const ids = Array.from(index.key).filter((id) =>
    isWordKey(index.keys[id]) || isNumberKey(index.keys[id])
  );
  const starts = new Map<number, number[]>();
  ids.forEach((id, at) => {
    const known = starts.get(id);
    if (known) known.push(at);
    else starts.set(id, [at]);
  });
  return { ids, starts };
}
