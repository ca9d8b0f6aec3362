/**
 * The bulk encoder of `--kind char`: lower-cases, makes every white-space character a space, and
 * drops what is not in the original's alphabet. The same as the normalizer in tokenizer.json.
 */

import { CHARACTERS } from "./tokenizer_json.ts";

const DROP = 0;

/** Token id of each byte, `DROP` for none. */
const idOf = (() => {
  const table = new Uint16Array(256);
  [...CHARACTERS].forEach((character, index) => {
    table[character.charCodeAt(0)] = table[character.toUpperCase().charCodeAt(0)] = 1 + index;
  });
  table.fill(table[0x20], 0x09, 0x0e);
  return table;
})();

export class CharEncoder {
  /** Encodes `bytes[start..end]` (valid UTF-8) into `out` from `at` on and returns the end there. */
  encode(bytes: Uint8Array, start: number, end: number, out: Uint16Array, at: number): number {
    for (let i = start; i < end; i++) {
      const id = bytes[i] < 0x80 ? idOf[bytes[i]] : beyondAscii(bytes, i);
      if (id !== DROP) out[at++] = id;
    }
    return at;
  }
}

/**
 * Two characters beyond ASCII lower-case into it: U+0130 (I with a dot, C4 B0) into "i" and a
 * combining dot, and U+212A (the Kelvin sign, E2 84 AA) into "k".
 */
function beyondAscii(bytes: Uint8Array, i: number): number {
  if (bytes[i] === 0xc4 && bytes[i + 1] === 0xb0) return idOf[0x69];
  if (bytes[i] === 0xe2 && bytes[i + 1] === 0x84 && bytes[i + 2] === 0xaa) return idOf[0x6b];
  return DROP;
}
