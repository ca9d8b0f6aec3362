/** What is audited writes as it will be served: the GPT combined with n-grams, where those are. */

import { mixed, type Mixture } from "../lib/gpt/decode/mixture.ts";
import { type NextTokens, PrefixCache } from "../lib/gpt/decode/prefix_cache.ts";
import type { NextTokenModel } from "../lib/gpt/decode/types.ts";

export interface Writer {
  model: NextTokenModel;
  /** Absent where the GPT alone is served. */
  mixture?: Mixture;
}

/**
 * The next tokens behind a caret in `note`, the tokens before it, as the worker would have them. One
 * for each note: it remembers what it has computed.
 */
export function nextTokens({ model, mixture }: Writer, note: readonly number[]): NextTokens {
  const cache = new PrefixCache(model, { maxEntries: 2 });
  return mixture === undefined ? cache : mixed(cache, mixture, note);
}
