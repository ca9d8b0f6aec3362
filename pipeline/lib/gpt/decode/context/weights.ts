/**
 * How far each expert of the context is trusted: one λ by kind of text and class. Experts are mixed
 * in one after the other, each with what the ones before it have left:
 *
 *     p ← λ · q + (1 − λ · Σ q) · p
 *
 * An expert whose probabilities sum to less than 1 leaves the rest to p. λ is fitted on validation
 * notes that have a context (`deno task calibrate`); without any, `defaultWeights` are used.
 */

import { type Expert, expertClasses, experts, type Opinion } from "./experts.ts";
import { contextKinds } from "./types.ts";

/** λ by expert, and by `kind · classes + class`. */
export type ContextWeights = Readonly<Record<Expert, readonly number[]>>;

/** Which λ of its expert an opinion has. */
export const weightPlace = (
  { expert, class: number, kind }: Pick<Opinion, "expert" | "class" | "kind">,
): number => kind * expertClasses[expert] + number;

/** Number of λ of an expert. */
export const weightCountOf = (expert: Expert): number =>
  contextKinds.length * expertClasses[expert];

/** Whether `weights` have a λ in [0, 1] for everything that an expert can say. */
export const areContextWeights = (weights: ContextWeights): boolean =>
  experts.every((expert) =>
    weights[expert]?.length === weightCountOf(expert) &&
    weights[expert].every((weight) => weight >= 0 && weight <= 1)
  );

/** Turns `probabilities` (vocabSize), in place, into those that know what `opinions` say. */
export function mixOpinions(
  probabilities: Float32Array,
  opinions: readonly Opinion[],
  weights: ContextWeights,
): void {
  for (const { tokens: { tokens, masses, sum }, ...opinion } of opinions) {
    const weight = weights[opinion.expert][weightPlace(opinion)];
    if (weight === 0) continue;
    const kept = 1 - weight * sum;
    for (let id = 0; id < probabilities.length; id++) probabilities[id] *= kept;
    for (let at = 0; at < tokens.length; at++) probabilities[tokens[at]] += weight * masses[at];
  }
}
