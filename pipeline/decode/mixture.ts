/**
 * A language model and an n-gram table as one model:
 *
 *     p(w | c) = λ · p_ngram(w | c) + (1 − λ) · p_model(w | c)
 *
 * λ depends on what the table knows of the context: how many tokens of it, and how sure it is of
 * what follows. The weights are learned on validation notes by EM.
 */

import type { NgramModel } from "./ngram.ts";
import { softmax } from "./sample.ts";
import type { NextTokenModel } from "./types.ts";

/** Upper bounds of the classes of the table's largest probability; a last class takes the rest. */
const PEAK_BOUNDS: readonly number[] = [0.15, 0.3, 0.5, 0.7, 0.85, 0.95];
const CLASSES = PEAK_BOUNDS.length + 1;

/** Number of λ for a table of this order. */
export const weightCount = (order: number): number => order * CLASSES;

/** Which λ belongs to what the table knows. */
export function weightIndex(matched: number, peak: number): number {
  const found = PEAK_BOUNDS.findIndex((bound) => peak < bound);
  return matched * CLASSES + (found === -1 ? CLASSES - 1 : found);
}

/** The inner model's state and the tokens fed so far, on which the table looks back. */
export interface MixtureState<S> {
  inner: S;
  tokens: readonly number[];
}

/** `model` and `ngram`, mixed by `weights` (weightCount of them, each 0 to 1). */
export function mixture<S>(
  model: NextTokenModel<S>,
  ngram: NgramModel,
  weights: readonly number[],
): NextTokenModel<MixtureState<S>> {
  if (ngram.vocabSize !== model.vocabSize || weights.length !== weightCount(ngram.order)) {
    throw new RangeError(
      `Cannot mix: the model has ${model.vocabSize} tokens, the n-gram table ${ngram.vocabSize}; ` +
        `${weights.length} weights, expected ${weightCount(ngram.order)}; ` +
        `run "deno task ngram" and "deno task eval" again`,
    );
  }
  return {
    vocabSize: model.vocabSize,
    contextLength: model.contextLength,
    async feed(tokens, state) {
      const { logits, state: inner } = await model.feed(tokens, state?.inner);
      const all = [...(state?.tokens ?? []), ...tokens];
      return { logits: mix(logits, ngram, all, weights), state: { inner, tokens: all } };
    },
    isUsable: model.isUsable && (({ inner }) => model.isUsable!(inner)),
    truncate: model.truncate && (({ inner, tokens }, length) => ({
      inner: model.truncate!(inner, length),
      tokens: tokens.slice(0, length),
    })),
    stateBytes: model.stateBytes &&
      ((states) => model.stateBytes!(states.map(({ inner }) => inner))),
  };
}

/** ln of the mixed probabilities: logits whose softmax they are. */
function mix(
  logits: Float32Array,
  ngram: NgramModel,
  tokens: readonly number[],
  weights: readonly number[],
): Float32Array {
  const mixed = softmax(logits);
  const { probabilities, matched, peak } = ngram.predict(tokens);
  const weight = weights[weightIndex(matched, peak)];
  for (let id = 0; id < mixed.length; id++) {
    mixed[id] = Math.log(weight * probabilities[id] + (1 - weight) * mixed[id]);
  }
  return mixed;
}

/** The table alone as a model, to measure what each of the two contributes. */
export function ngramAlone(
  ngram: NgramModel,
  contextLength: number,
): NextTokenModel<readonly number[]> {
  return {
    vocabSize: ngram.vocabSize,
    contextLength,
    feed(tokens, state = []) {
      const all = [...state, ...tokens];
      const logits = ngram.predict(all).probabilities.map(Math.log);
      return Promise.resolve({ logits, state: all });
    },
    truncate: (state, length) => state.slice(0, length),
  };
}
