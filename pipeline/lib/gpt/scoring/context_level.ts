/**
 * The context's level of the mixture, on tokens that were really there: what its experts said of
 * them, and the λ under which the notes are likeliest.
 */

import { LOOK_BACK } from "../decode/context/caret.ts";
import type { PatientContext } from "../decode/context/context.ts";
import { type Expert, expertClasses, experts } from "../decode/context/experts.ts";
import { type ContextWeights, weightCountOf, weightPlace } from "../decode/context/weights.ts";
import { certaintyOf } from "../decode/mixture.ts";
import { keysOfTokens } from "../decode/context/units.ts";

/** What one expert said of one token. */
export interface Said {
  expert: Expert;
  /** Its λ: `weightPlace`. */
  place: number;
  /** Probability of the token, and of all tokens together. */
  token: number;
  all: number;
}

/** As many tokens of the note before as the experts are told, for lists. */
const NOTE_TOKENS = 600;

/** What `context` says of each of a note's `tokens`, given all before it. */
export function contextEvidenceOf(
  context: PatientContext,
  tokens: ArrayLike<number>,
  { bytesOf, endOfText, places }: {
    bytesOf: readonly string[];
    endOfText: number;
    /** Of the n-gram table's λ, by token; absent without a table. */
    places?: ArrayLike<number>;
  },
): Said[][] {
  const before = [endOfText];
  return Array.from(tokens, (token, at) => {
    const mentioned = keysOfTokens(before.slice(-NOTE_TOKENS), bytesOf);
    const opinions = context.experts.after(
      before.slice(-LOOK_BACK),
      mentioned,
      certaintyOf(places?.[at]),
    );
    before.push(token);
    return opinions.map((opinion) => ({
      expert: opinion.expert,
      place: weightPlace(opinion),
      token: opinion.tokens.of(token),
      all: opinion.tokens.sum,
    }));
  });
}

/** The probabilities of a note's tokens with the context's level on top. */
export function withContext(
  probabilities: ArrayLike<number>,
  evidence: readonly (readonly Said[])[],
  weights: Partial<ContextWeights>,
): Float64Array {
  return Float64Array.from(probabilities, (below, at) => {
    let probability = below;
    for (const { expert, place, token, all } of evidence[at]) {
      const weight = weights[expert]?.[place] ?? 0;
      probability = weight * token + (1 - weight * all) * probability;
    }
    return probability;
  });
}

const ITERATIONS = 30;
/** λ of a class that never occurs. */
const START = 0.02;
/** Imagined tokens of a class that speak as those of all kinds together do. */
const POOLED = 40;

/**
 * λ of every expert by kind and class. A kind with few tokens of a class keeps to what all kinds
 * together have learned.
 */
export function fitContextWeights(
  below: readonly ArrayLike<number>[],
  evidence: readonly (readonly (readonly Said[])[])[],
): Record<Expert, number[]> {
  const weights: Partial<Record<Expert, number[]>> = {};
  for (const expert of experts) {
    const classes = expertClasses[expert];
    const said: { place: number; token: number; all: number; below: number }[] = [];
    below.forEach((note, n) => {
      const probabilities = withContext(note, evidence[n], weights);
      evidence[n].forEach((opinions, at) => {
        for (const opinion of opinions) {
          if (opinion.expert === expert) said.push({ ...opinion, below: probabilities[at] });
        }
      });
    });
    const pooled = expectationMaximisation(
      said.map((one) => ({ ...one, place: one.place % classes })),
      new Array<number>(classes).fill(START),
      2,
    );
    const start = Array.from(
      { length: weightCountOf(expert) },
      (_, place) => pooled[place % classes],
    );
    weights[expert] = expectationMaximisation(said, start, POOLED);
  }
  return weights as Record<Expert, number[]>;
}

/** λ by place; `strength` imagined tokens hold each to where it starts. */
function expectationMaximisation(
  said: readonly { place: number; token: number; all: number; below: number }[],
  start: readonly number[],
  strength: number,
): number[] {
  const weights = [...start];
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const sum = start.map((weight) => strength * weight);
    const count = start.map(() => strength);
    for (const { place, token, all, below } of said) {
      const weight = weights[place];
      const from = weight * (token + (1 - all) * below);
      sum[place] += from / (from + (1 - weight) * below);
      count[place]++;
    }
    for (let k = 0; k < weights.length; k++) weights[k] = sum[k] / count[k];
  }
  return weights;
}
