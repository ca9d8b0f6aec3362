/**
 * Does the exported float32 graph, fed token by token behind its cache, say what the model it was
 * made from says? The model reads every text whole, without a cache, as the training engine does.
 */

import type { GptConfig } from "../lib/gpt/config.ts";
import type { NextTokenModel } from "../lib/gpt/decode/types.ts";
import type { LogitsModel } from "../lib/gpt/onnx/scorer.ts";

/** Two logits closer than this are the same number to float32; either may be called the largest. */
const TIE = 1e-5;

export interface Parity {
  prompts: number;
  /** Tokens continued greedily, all prompts together. */
  tokens: number;
  /** Of those, how many the model would have chosen differently; 0 or the export fails. */
  different: number;
  /** Of those, how many were ties that fell differently. */
  ties: number;
  /** Largest difference of any logit of a continued position. */
  logitDifference: number;
}

/** `count` pieces of the test tokens, evenly spread, half a context long at most. */
export function promptsFrom(
  tokens: Uint16Array,
  { n_positions }: GptConfig,
  count: number,
): number[][] {
  const length = Math.max(1, Math.min(32, n_positions >> 1));
  const last = tokens.length - length;
  if (last < 0) {
    throw new RangeError(
      `Cannot take prompts from the test split: it has ${tokens.length} tokens, expected at least ` +
        `${length}; ingest more notes and run "deno task tokenize" again`,
    );
  }
  return Array.from({ length: count }, (_, i) => {
    const start = Math.floor(i * last / Math.max(1, count - 1));
    return [...tokens.subarray(start, start + length)];
  });
}

/** Continues each prompt greedily with `exported` and compares every choice with `original`. */
export async function greedyParity(
  exported: NextTokenModel,
  original: LogitsModel,
  prompts: readonly number[][],
  onProgress: (prompts: number) => void = () => {},
): Promise<Parity> {
  const parity: Parity = {
    prompts: prompts.length,
    tokens: 0,
    different: 0,
    ties: 0,
    logitDifference: 0,
  };
  for (const [i, prompt] of prompts.entries()) {
    const { tokens, logits } = await continueGreedily(exported, prompt);
    const expected = await original.logits(Int32Array.from(tokens), tokens.length);
    const vocabulary = exported.vocabSize;
    for (const [j, actual] of logits.entries()) {
      const position = prompt.length - 1 + j;
      const row = expected.subarray(position * vocabulary, (position + 1) * vocabulary);
      compare(parity, actual, row);
    }
    onProgress(i + 1);
  }
  return parity;
}

/** 32 tokens, or as many as the context holds, and the logits each was chosen from. */
async function continueGreedily(model: NextTokenModel, prompt: readonly number[]) {
  const tokens = [...prompt], logits: Float32Array[] = [];
  const end = Math.min(prompt.length + 32, model.contextLength);
  let fed = await model.feed(prompt);
  while (true) {
    logits.push(fed.logits);
    if (tokens.length === end) break;
    tokens.push(largest(fed.logits));
    fed = await model.feed(tokens.slice(-1), fed.state);
  }
  return { tokens, logits };
}

function compare(parity: Parity, actual: Float32Array, expected: Float32Array): void {
  for (let token = 0; token < actual.length; token++) {
    const difference = Math.abs(actual[token] - expected[token]);
    // Written so that NaN, which is larger than nothing, cannot pass.
    if (!(difference <= parity.logitDifference)) parity.logitDifference = difference;
  }
  const chosen = largest(actual), wanted = largest(expected);
  parity.tokens++;
  if (chosen === wanted) return;
  if (expected[wanted] - expected[chosen] < TIE) parity.ties++;
  else parity.different++;
}

function largest(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) {
    if (logits[token] > logits[best]) best = token;
  }
  return best;
}
