/**
 * Where merges may not cross: the pre-tokenization of clinical notes, once as the regular
 * expression that goes into tokenizer.json and once as the scanner over UTF-8 bytes that the bulk
 * encoder runs. A test holds the two to each other.
 *
 * Alternatives, first match wins:
 *
 *     " ?L+"             a word with the space before it; L is A-Z, a-z and everything beyond ASCII
 *     " ?_+"             `___`, a redaction, never glued to what surrounds it
 *     "[0-9]{1,3}"       digits in threes from the left
 *     " ?P+"             punctuation and control characters with the space before them
 *     "\s*[\r\n]"        white space up to the last line break of its run: blank lines, trailing space
 *     "\s+(?!\S)|\s+"    other white space; the last space of an indentation belongs to the word
 *
 * L, P and \s are written as explicit ASCII classes. Unicode classes would depend on the Unicode
 * version of each engine (V8, Oniguruma, Rust): with these, all of them agree on every string.
 */

const letter = "[^\\x00-@\\[-`{-\\x7f]";
const punctuation = "[\\x00-\\x08\\x0e-\\x1f!-/:-@\\[-^`{-\\x7f]";
const space = "[\\x09-\\x0d ]";

/** The `Split` pattern of tokenizer.json. */
export const PATTERN = [
  ` ?${letter}+`,
  " ?_+",
  "[0-9]{1,3}",
  ` ?${punctuation}+`,
  `${space}*[\\r\\n]`,
  `${space}+(?![^\\x09-\\x0d ])`,
  `${space}+`,
].join("|");

const LETTER = 0, UNDERSCORE = 1, PUNCTUATION = 2, DIGIT = 3, SPACE = 4, NEWLINE = 5;
const LONGEST_NUMBER = 3;

/** The class of each byte. Bytes from 0x80 on are parts of characters beyond ASCII: letters. */
const classOf = (() => {
  const table = new Uint8Array(256).fill(PUNCTUATION);
  table.fill(LETTER, 0x41, 0x5b).fill(LETTER, 0x61, 0x7b).fill(LETTER, 0x80);
  table.fill(DIGIT, 0x30, 0x3a);
  table[0x5f] = UNDERSCORE;
  table.fill(SPACE, 0x09, 0x0e);
  table[0x20] = SPACE;
  table[0x0a] = table[0x0d] = NEWLINE;
  return table;
})();

/** End of the pre-token that starts at `start` (`start` < `end` ≤ bytes.length). */
export function preTokenEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let kind = classOf[bytes[at]];
  if (kind >= SPACE) {
    const next = at + 1 < end ? classOf[bytes[at + 1]] : NEWLINE;
    if (bytes[at] !== 0x20 || next >= DIGIT) return whiteSpaceEnd(bytes, start, end);
    kind = next;
    at++;
  }
  const limit = kind === DIGIT ? Math.min(end, at + LONGEST_NUMBER) : end;
  do at++; while (at < limit && classOf[bytes[at]] === kind);
  return at;
}

function whiteSpaceEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start, afterNewline = start;
  for (; at < end && classOf[bytes[at]] >= SPACE; at++) {
    if (classOf[bytes[at]] === NEWLINE) afterNewline = at + 1;
  }
  if (afterNewline > start) return afterNewline;
  return at === end || at === start + 1 ? at : at - 1;
}
