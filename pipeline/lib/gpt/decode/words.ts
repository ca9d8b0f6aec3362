/**
 * Where a suggestion may end, on bytes: after a whole word, never inside a number, never leaving
 * white space behind. Bytes from 0x80 on (letters of other scripts) count as parts of words.
 */

const byteSet = (characters: string) => {
  const set = new Uint8Array(256);
  for (const character of characters) set[character.charCodeAt(0)] = 1;
  return set;
};

const space = byteSet(" \t\r\n\f\v");
const closing = byteSet(',;:!?)]}"');
const digit = byteSet("0123456789");

const isLetter = (byte: number) =>
  (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte >= 0x80;

export const isSpace = (byte: number): boolean => space[byte] === 1;

/**
 * Whether text may be cut between the bytes `before` and `after` (−1: the end of the note).
 * `10|,000`, `12|:30`, `1|.5`, `120|/80`, `x|-ray` may not; `pain|.`, `mg|,` and `home| with` may.
 */
export function endsWord(before: number, after: number): boolean {
  if (isSpace(before)) return false;
  if (after === -1 || isSpace(after)) return true;
  if (closing[after]) return !(digit[before] && (after === 0x2c || after === 0x3a));
  return after === 0x2e && isLetter(before);
}
