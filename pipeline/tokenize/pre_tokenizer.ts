/**
 * Where merges may not cross: the pre-tokenization of clinical notes, once as the regular
 * expression that goes into tokenizer.json and once as the scanner over UTF-8 bytes that the bulk
 * encoder runs. A test holds the two to each other.
 *
 * Alternatives, first match wins:
 *
 *     A?L+              a word with the one character before it: " mg", "/dL", "-Hgb", "(stable"
 *     " ?_+"            `___`, a redaction, never glued to the punctuation behind it
 *     A?[0-9]           a digit with the one character before it: "12.5" is "1", "2", ".5"
 *     " ?P+[\r\n]*"     other punctuation, and the line breaks that follow: "):\n"
 *     "\s*[\r\n]"       white space up to the last line break of its run: blank lines, trailing space
 *     "\s+(?!\S)|\s+"   other white space; the last space of an indentation belongs to the word
 *
 * where L is A-Z, a-z and everything beyond ASCII, P is punctuation and control characters but `_`,
 * and A is P or white space but no line break.
 *
 * Measured by `deno task bench pre_tokenization` (vocabulary 2048; bits under a 6-gram model);
 * the synthetic summaries are those of before knowledge/details.txt and typing errors:
 *
 *                               600 synthetic summaries      800 mtsamples reports
 *                               tokens/note  bits/char       tokens/note  bits/char
 *     this pattern                   2241.8     0.3819             938.5     1.3487
 *     GPT-2                          2442.2     0.3865             958.3     1.3482
 *     GPT-4 (cl100k)                 2337.3     0.3831             945.1     1.3474
 *     numbers to 3 digits            2178.1     0.3836             936.7     1.3503
 *     no A before digits             2440.3     0.3860             948.5     1.3462
 *
 * The classes are written out in ASCII. Unicode classes would depend on the Unicode version of each
 * engine (V8, Oniguruma, Rust): with these, all of them agree on every string.
 */

const letter = "[^\\x00-@\\[-`{-\\x7f]";
const punctuation = "[\\x00-\\x08\\x0e-\\x1f!-/:-@\\[-^`{-\\x7f]";
const attached = "[\\x00-\\x09\\x0b\\x0c\\x0e-/:-@\\[-^`{-\\x7f]";
const space = "[\\x09-\\x0d ]";

/** The `Split` pattern of tokenizer.json. */
export const PATTERN = [
  `${attached}?${letter}+`,
  " ?_+",
  `${attached}?[0-9]`,
  ` ?${punctuation}+[\\r\\n]*`,
  `${space}*[\\r\\n]`,
  `${space}+(?![^\\x09-\\x0d ])`,
  `${space}+`,
].join("|");

const LETTER = 0, DIGIT = 1, UNDERSCORE = 2, PUNCTUATION = 3, SPACE = 4, NEWLINE = 5;

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
  const kind = classOf[bytes[start]];
  if (kind === LETTER || kind === UNDERSCORE) return runEnd(bytes, start + 1, end, kind);
  if (kind === DIGIT) return start + 1;
  const next = start + 1 < end && kind !== NEWLINE ? classOf[bytes[start + 1]] : NEWLINE;
  if (next === LETTER) return runEnd(bytes, start + 2, end, LETTER);
  if (next === DIGIT) return start + 2;
  if (kind === PUNCTUATION) return punctuationEnd(bytes, start + 1, end);
  if (bytes[start] === 0x20 && next === UNDERSCORE) return runEnd(bytes, start + 2, end, next);
  if (bytes[start] === 0x20 && next === PUNCTUATION) return punctuationEnd(bytes, start + 2, end);
  return whiteSpaceEnd(bytes, start, end);
}

/** Skips bytes of class `kind`. */
function runEnd(bytes: Uint8Array, at: number, end: number, kind: number): number {
  while (at < end && classOf[bytes[at]] === kind) at++;
  return at;
}

function punctuationEnd(bytes: Uint8Array, at: number, end: number): number {
  return runEnd(bytes, runEnd(bytes, at, end, PUNCTUATION), end, NEWLINE);
}

function whiteSpaceEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start, afterNewline = start;
  for (; at < end && classOf[bytes[at]] >= SPACE; at++) {
    if (classOf[bytes[at]] === NEWLINE) afterNewline = at + 1;
  }
  if (afterNewline > start) return afterNewline;
  return at === end || at === start + 1 ? at : at - 1;
}
