/**
 * How much to trust the n-gram table where: λ per class of context, learned by expectation
 * maximisation on validation notes. In class k, with model m and table g,
 *
 *     λ ← mean over the class's tokens of λ·g(w) / (λ·g(w) + (1 − λ)·m(w))
 *
 * which never lowers the likelihood (Jelinek & Mercer 1980).
 */

import { weightCount, weightIndex } from "../lib/gpt/decode/mixture.ts";
import type { NgramModel } from "../lib/gpt/decode/ngram.ts";
import type { Document } from "../lib/gpt/scoring/documents.ts";

/** What both models say of one token that was really there. */
export interface TokenEvidence {
  /** Class of its context: weightIndex. */
  class: Uint16Array;
  model: Float32Array;
  table: Float32Array;
}

const ITERATIONS = 50;

/**
 * `logProbabilities[i]` are the model's, in nats, for the tokens of `documents[i]`. The table looks
 * at all of the note before a token, from the end-of-text token on.
 */
export function evidenceOf(
  ngram: NgramModel,
  endOfText: number,
  documents: readonly Document[],
  logProbabilities: readonly Float32Array[],
): TokenEvidence[] {
  return documents.map(({ tokens }, note) => {
    const evidence = {
      class: new Uint16Array(tokens.length),
      model: logProbabilities[note].map(Math.exp),
      table: new Float32Array(tokens.length),
    };
    const context = [endOfText];
    tokens.forEach((token, at) => {
      const { probabilities, matched, peak } = ngram.predict(context);
      evidence.class[at] = weightIndex(matched, peak);
      evidence.table[at] = probabilities[token];
      context.push(token);
      if (context.length >= ngram.order) context.shift();
    });
    return evidence;
  });
}

/** The λ of each class; one imagined token of 0.5 keeps those with few tokens from 0 and 1. */
export function fitWeights(evidence: readonly TokenEvidence[], order: number): number[] {
  const classes = weightCount(order);
  const weights = new Array<number>(classes).fill(0.5);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const sum = new Float64Array(classes).fill(0.5), count = new Float64Array(classes).fill(1);
    for (const { class: classOf, model, table } of evidence) {
      for (let at = 0; at < classOf.length; at++) {
        const weight = weights[classOf[at]];
        const fromTable = weight * table[at];
        sum[classOf[at]] += fromTable / (fromTable + (1 - weight) * model[at]);
        count[classOf[at]]++;
      }
    }
    for (let k = 0; k < classes; k++) weights[k] = sum[k] / count[k];
  }
  return weights;
}
