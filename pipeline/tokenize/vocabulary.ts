/**
 * A byte-level BPE vocabulary: what training makes, what tokenizer.json holds, what encoding needs.
 * Ids: 0 the end-of-text token, 1…256 the bytes (in the order of their byte-level characters, as
 * Hugging Face's trainer numbers them), then one id per merge.
 */

import { byteToCharacter } from "../lib/gpt/decode/byte_level.ts";

export const END_OF_TEXT = "<|endoftext|>";
export const END_OF_TEXT_ID = 0;
export const BYTE_TOKENS = 256;

export interface Merge {
  left: number;
  right: number;
  /** The id of `left` followed by `right`. Not always new: "ab" + "c" and "a" + "bc" are one token. */
  token: number;
}

export interface Vocabulary {
  /** Byte-level text of each id. */
  tokens: string[];
  /** In the order in which they apply. */
  merges: Merge[];
}

/** The id of each byte. */
export const byteId: Uint16Array<ArrayBuffer> = (() => {
  const sorted = [...byteToCharacter].sort();
  return Uint16Array.from(byteToCharacter, (character) => 1 + sorted.indexOf(character));
})();

/** End of text and the 256 bytes: every vocabulary starts with these. */
export function baseTokens(): string[] {
  return [END_OF_TEXT, ...[...byteToCharacter].sort()];
}
