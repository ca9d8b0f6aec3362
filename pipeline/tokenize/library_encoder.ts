/** The bulk encoder of tokenizers that are not of our making, over `@huggingface/tokenizers`. */

import type { Tokenizer } from "../lib/gpt/decode/types.ts";

export class LibraryEncoder {
  readonly #tokenizer: Tokenizer;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** Encodes `bytes[start..end]` (valid UTF-8) into `out` from `at` on and returns the end there. */
  encode(bytes: Uint8Array, start: number, end: number, out: Uint16Array, at: number): number {
    const ids = this.#tokenizer.encode(this.#utf8.decode(bytes.subarray(start, end)));
    if (ids.length > end - start) {
      throw new RangeError(
        `the tokenizer makes ${ids.length} tokens of ${
          end - start
        } bytes, expected at most as many`,
      );
    }
    out.set(ids, at);
    return at + ids.length;
  }
}
