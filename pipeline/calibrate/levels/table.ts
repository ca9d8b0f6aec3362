/**
 * How far to trust the n-gram table where: λ per class of context, learned by expectation
 * maximisation. In class k, with model m and table g,
 *
 *     λ ← mean over the class's tokens of λ·g(w) / (λ·g(w) + (1 − λ)·m(w))
 *
 * which never lowers the likelihood (Jelinek & Mercer 1980).
 */

import { weightCount } from "../../lib/gpt/decode/mixture.ts";
import {
  type Probabilities,
  type TableEvidence,
  withTable,
} from "../../lib/gpt/scoring/mixture_levels.ts";
import type { Level } from "./level.ts";

const ITERATIONS = 50;

/** The level of a table of `order`, given what it says of the notes. */
export function tableLevel(evidence: readonly TableEvidence[], order: number): Level<number[]> {
  return {
    name: "table",
    learn: (below) => fitWeights(below, evidence, order),
    apply: (below, weights) => below.map((note, i) => withTable(note, evidence[i], weights)),
  };
}

/** The λ of each class; one imagined token of 0.5 keeps those with few tokens from 0 and 1. */
export function fitWeights(
  model: Probabilities,
  evidence: readonly TableEvidence[],
  order: number,
): number[] {
  const classes = weightCount(order);
  const weights = new Array<number>(classes).fill(0.5);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const sum = new Float64Array(classes).fill(0.5), count = new Float64Array(classes).fill(1);
    for (const [note, { class: classOf, table }] of evidence.entries()) {
      for (let at = 0; at < classOf.length; at++) {
        const weight = weights[classOf[at]];
        const fromTable = weight * table[at];
        sum[classOf[at]] += fromTable / (fromTable + (1 - weight) * model[note][at]);
        count[classOf[at]]++;
      }
    }
    for (let k = 0; k < classes; k++) weights[k] = sum[k] / count[k];
  }
  return weights;
}
