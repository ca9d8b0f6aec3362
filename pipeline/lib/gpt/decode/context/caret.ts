/** What stands before a caret, in units: what the context is asked with. */

import { isSpace } from "../words.ts";
import type { Mode } from "./index.ts";
import { keyOf, type Unit, unitsOf } from "./units.ts";

/** As many tokens before the caret as are looked at. */
export const LOOK_BACK = 64;

/** As many bytes before a word as tell how it is written. */
const MODE_BYTES = 12;

export interface Caret {
  /** Keys before the caret, white space left out, the last last. */
  keys: readonly string[];
  /** Tokens of the last unit; none behind white space or at the start. */
  part: readonly number[];
  /** How many of `keys` are of the last unit: 1, or 0 where there is no `part`. */
  inPart: number;
  /** How the unit in progress was to be written, and how the next one is. */
  mode: Mode;
  next: Mode;
  /** The class of what the text ends with: 0 a word, 1 a number, 2 anything else. */
  ending: number;
  /** Keys since the last line break. */
  line: readonly string[];
}

/** The caret behind `tokens`, whose byte strings are `bytesOf`. */
export function caretAfter(tokens: ArrayLike<number>, bytesOf: readonly string[]): Caret {
  const from = Math.max(0, tokens.length - LOOK_BACK);
  const tail = Array.prototype.slice.call(tokens, from) as number[];
  const units = unitsOf(tail, bytesOf);
  const last = units.at(-1);
  const before = endOf(units.slice(0, -1));
  const all = before + (last?.bytes ?? "");
  const lastKey = last === undefined ? "" : keyOf(last.bytes);
  const keyed = units.map(({ bytes }) => keyOf(bytes)).filter((key) => key !== "");
  return {
    keys: keyed,
    part: last === undefined || lastKey === "" ? [] : tail.slice(last.from, last.to),
    inPart: lastKey === "" ? 0 : 1,
    mode: modeAfter(before),
    next: modeAfter(all),
    ending: endingOf(all),
    line: lineKeys(units),
  };
}

/** As much of the end of `units` as a mode depends on. */
function endOf(units: readonly Unit[]): string {
  let bytes = "";
  for (let at = units.length - 1; at >= 0 && bytes.length < MODE_BYTES; at--) {
    bytes = units[at].bytes + bytes;
  }
  return bytes;
}

/** How a word is written behind `bytes`. */
function modeAfter(bytes: string): Mode {
  const last = bytes.charCodeAt(bytes.length - 1);
  const spaced = bytes !== "" && !isSpace(last) && !/[([{/"'-]$/.test(bytes);
  const capital = /(?:^|[.?!\n]|\n[\s\-*#\xe2\x80\xa2]+|\n\s*\d+[.)])\s*$/.test(
    bytes.slice(-MODE_BYTES),
  );
  return { spaced, capital };
}

function endingOf(bytes: string): number {
  const last = bytes.charCodeAt(bytes.length - 1);
  if (last >= 0x30 && last <= 0x39) return 1;
  return last >= 0x80 || /[A-Za-z]$/.test(bytes) ? 0 : 2;
}

function lineKeys(units: readonly Unit[]): string[] {
  const keys: string[] = [];
  for (let at = units.length - 1; at >= 0; at--) {
    const { bytes } = units[at];
    if (bytes === "" || (at < units.length - 1 && /[\r\n]/.test(bytes))) break;
    const key = keyOf(bytes);
    if (key !== "") keys.unshift(key);
  }
  return keys;
}
