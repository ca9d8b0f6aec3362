/**
 * Units: what is matched and copied as a whole. A word with the space or sign before it, a number
 * with its point or slash (`12.5`, `120/80`), a run of other signs. They are found on the edges of
 * tokens, so that any tokenizer's tokens can be grouped, those of a context and those of a note
 * alike.
 */

import { byteString } from "../vocabulary.ts";
import { isSpace } from "../words.ts";

const LETTER = 1, DIGIT = 2, SPACE = 3;
/** The class of each byte; 0 for signs. Bytes from 0x80 on are parts of other scripts' letters. */
const classOf = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80 || /[A-Za-z]/.test(String.fromCharCode(byte))) return LETTER;
  if (byte >= 0x30 && byte <= 0x39) return DIGIT;
  return isSpace(byte) ? SPACE : 0;
});
const isLetter = (byte: number) => classOf[byte] === LETTER;
const isDigit = (byte: number) => classOf[byte] === DIGIT;
/** Signs that may stand inside a number: `. / , - :`. */
const isInNumber = (byte: number) => (byte >= 0x2c && byte <= 0x2f) || byte === 0x3a;

/** Whether `unit` is one sign, with or without a space before it. */
const isSign = (unit: string): boolean => {
  const sign = unit.charCodeAt(unit.length - 1);
  return !isLetter(sign) && !isDigit(sign) && !isSpace(sign) &&
    (unit.length === 1 || (unit.length === 2 && unit[0] === " "));
};

/**
 * Whether a token of these `bytes` begins a unit behind one whose bytes so far are `unit`; `next`
 * are the bytes of the token behind it.
 */
function startsUnit(unit: string, bytes: string, next: string): boolean {
  if (unit === "" || bytes === "") return true;
  const previous = unit.charCodeAt(unit.length - 1), first = bytes.charCodeAt(0);
  // A space that is a token of its own belongs to what it stands before.
  if (unit === " ") return isSpace(first);
  if (isLetter(first)) return !(isLetter(previous) || isSign(unit));
  if (isDigit(first)) {
    return !(isDigit(previous) || isSign(unit) ||
      (isInNumber(previous) && isDigit(unit.charCodeAt(unit.length - 2))));
  }
  const second = bytes.length > 1 ? bytes.charCodeAt(1) : next.charCodeAt(0);
  return !(isDigit(previous) && isInNumber(first) && isDigit(second));
}

/** A unit of a token sequence. */
export interface Unit {
  /** Its first token's place, and the place behind its last. */
  from: number;
  to: number;
  /** Its bytes. */
  bytes: string;
}

/** The units of `tokens`, whose byte strings are `bytesOf`. */
export function unitsOf(tokens: ArrayLike<number>, bytesOf: readonly string[]): Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const bytes = bytesOf[tokens[at]];
    const last = units.at(-1), next = at + 1 < tokens.length ? bytesOf[tokens[at + 1]] : "";
    if (last === undefined || startsUnit(last.bytes, bytes, next)) {
      units.push({ from: at, to: at + 1, bytes });
    } else {
      last.to = at + 1;
      last.bytes += bytes;
    }
  }
  return units;
}

/**
 * What two units must have in common to be the same: letters in lower case and digits, without what
 * is attached before them. Empty for white space, which does not count when texts are compared.
 */
export const keyOf = (bytes: string): string => partsOf(bytes).word.toLowerCase();

/** The word or number of a unit, and the sign that is attached before it. */
export function partsOf(bytes: string): { lead: string; word: string } {
  let from = 0, to = bytes.length;
  while (from < to && isSpace(bytes.charCodeAt(from))) from++;
  while (to > from && isSpace(bytes.charCodeAt(to - 1))) to--;
  let word = from;
  while (word < to && !isLetter(bytes.charCodeAt(word)) && !isDigit(bytes.charCodeAt(word))) word++;
  return word < to
    ? { lead: bytes.slice(from, word), word: bytes.slice(word, to) }
    : { lead: "", word: bytes.slice(from, to) };
}

/** The keys of `tokens` in order, white space left out. */
export const keysOfTokens = (
  tokens: ArrayLike<number>,
  bytesOf: readonly string[],
): string[] =>
  unitsOf(tokens, bytesOf).map(({ bytes }) => keyOf(bytes)).filter((key) => key !== "");

/** A text as a byte string: as it is, where it is ASCII. */
const bytesOfText = (text: string): string =>
  /[^ -~\s]/.test(text) || /[\u0080-\uffff]/.test(text)
    ? byteString(new TextEncoder().encode(text))
    : text;

/** Where a unit of a byte string begins, where its word or number does, and where it ends. */
export type OnUnit = (start: number, word: number, end: number) => void;

/** Calls `onUnit` for each unit of `text`, the same that its tokens make, and returns its bytes. */
export function scanUnits(text: string, onUnit: OnUnit): string {
  const bytes = bytesOfText(text), length = bytes.length;
  const kind = (at: number) => at < length ? classOf[bytes.charCodeAt(at)] : SPACE;
  for (let at = 0; at < length;) {
    const start = at;
    let now = kind(at);
    if (now === SPACE) {
      at++;
      continue;
    }
    if (now === 0 && (kind(at + 1) === LETTER || kind(at + 1) === DIGIT)) now = kind(++at);
    const word = at;
    do at++; while (kind(at) === now || (now === DIGIT && goesOnInNumber(bytes, at)));
    onUnit(start, word, at);
  }
  return bytes;
}

const goesOnInNumber = (bytes: string, at: number): boolean =>
  isInNumber(bytes.charCodeAt(at)) && isDigit(bytes.charCodeAt(at + 1));

/** The keys of a text, as those of its tokens. */
export function keysOfText(text: string): string[] {
  const places: [number, number][] = [];
  const bytes = scanUnits(text, (_, word, end) => places.push([word, end]));
  return places.map(([word, end]) => bytes.slice(word, end).toLowerCase());
}

/** Whether a key is a number or a word, not signs. */
export const isNumberKey = (key: string): boolean => isDigit(key.charCodeAt(0));
export const isWordKey = (key: string): boolean => isLetter(key.charCodeAt(0));
