/**
 * One model for several decoders that read the same text side by side: what one of them has
 * computed the others find. The GPT alone, the GPT mixed with the n-gram table and the GPT with a
 * rule switched off mostly ask for the same tokens.
 */

import { PrefixCache } from "../lib/gpt/decode/prefix_cache.ts";
import type { NextTokenModel } from "../lib/gpt/decode/types.ts";

/** Token sequences remembered for all decoders together. */
const ENTRIES = 160;

/** A model whose state is only the tokens so far; keys and values stay in the shared memory. */
export function sharedModel<S>(model: NextTokenModel<S>): NextTokenModel<readonly number[]> {
  const cache = new PrefixCache(model, { maxEntries: ENTRIES });
  return {
    vocabSize: model.vocabSize,
    contextLength: model.contextLength,
    async feed(tokens, state = []) {
      const all = [...state, ...tokens];
      return { logits: await cache.logitsAfter(all), state: all };
    },
    truncate: (state, length) => state.slice(0, length),
  };
}
