/**
 * A tokenizer that remembers. The typist asks for the tokens of nearly the same text thousands of
 * times. GPT-2's pre-tokenizer always cuts before a lone space between two other characters, so a
 * text may be cut there, and what stands between two such places is encoded once.
 */

import type { Tokenizer } from "../decode/types.ts";

/** Runs up to a lone space: ` word`, ` word.\n\nHeader:`. */
const CHUNK = /\s*\S(?:(?! \S)[^])*/g;
/** Most chunks remembered before all are forgotten: some 10 MB. */
const LIMIT = 100_000;

/** `tokenizer`, which must be byte-level BPE, with `encode` many times faster on repeated text. */
export function rememberingTokenizer(tokenizer: Tokenizer): Tokenizer {
  const known = new Map<string, number[]>();
  return {
    ...tokenizer,
    encode(text) {
      const chunks = text.match(CHUNK);
      if (chunks === null || chunks.reduce((sum, { length }) => sum + length, 0) < text.length) {
        return tokenizer.encode(text);
      }
      const tokens: number[] = [];
      for (const chunk of chunks) {
        let found = known.get(chunk);
        if (found === undefined) {
          if (known.size >= LIMIT) known.clear();
          known.set(chunk, found = tokenizer.encode(chunk));
        }
        for (const token of found) tokens.push(token);
      }
      return tokens;
    },
  };
}
