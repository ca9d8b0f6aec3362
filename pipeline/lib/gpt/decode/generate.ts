/** Plain generation, for training samples, the audit and the completions API. */

import { checkSampling, sampleToken, type Sampling, softmax } from "./sample.ts";
import { seededRandom } from "../../base/random.ts";
import type { NextTokenModel, Tokenizer } from "./types.ts";
import { type FeedOptions, type NextTokens, PrefixCache } from "./prefix_cache.ts";
import { fitWindow } from "./window.ts";

export interface GenerateOptions extends Sampling, FeedOptions {
  maxTokens?: number;
  /** The same seed gives the same text; ignored by greedy decoding. */
  seed?: number;
  /** Tokens that are never taken. */
  avoid?: readonly number[];
}

export interface GeneratedToken {
  token: number;
  /** Natural logarithm of the model's probability, before temperature, top-k, top-p and `avoid`. */
  logProbability: number;
}

/**
 * Tokens that follow `context` (at least one), one by one, up to `maxTokens` (64) or the
 * end-of-text token, which is not yielded. When the context is full, the older half is forgotten.
 */
export async function* generateTokens(
  model: NextTokens,
  context: readonly number[],
  endOfText: number,
  options: GenerateOptions = {},
): AsyncGenerator<GeneratedToken> {
  const { maxTokens = 64, seed = 1, avoid = [] } = options;
  checkSampling(options);
  const random = seededRandom(seed);
  let tokens = context.slice(-model.contextLength);
  for (let count = 0; count < maxTokens; count++) {
    const logits = await model.logitsAfter(tokens, options);
    const allowed = logits.slice();
    for (const token of avoid) allowed[token] = -Infinity;
    const token = sampleToken(allowed, options, random);
    if (token === endOfText) return;
    yield { token, logProbability: Math.log(softmax(logits)[token]) };
    if (tokens.length >= model.contextLength) tokens = tokens.slice(tokens.length >> 1);
    tokens.push(token);
  }
}

/** The text that the model writes after `prompt` (the start of a document if empty). */
export async function generate<S>(
  model: NextTokenModel<S>,
  tokenizer: Tokenizer,
  prompt: string,
  options: GenerateOptions = {},
): Promise<string> {
  const cache = new PrefixCache(model, { maxEntries: 2 });
  const context = fitWindow(prompt, tokenizer, model.contextLength);
  const tokens: number[] = [];
  for await (const { token } of generateTokens(cache, context, tokenizer.endOfText, options)) {
    tokens.push(token);
  }
  return tokenizer.decode(tokens);
}
