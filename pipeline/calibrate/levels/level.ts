/**
 * A level of the mixture while it is fitted. Levels stand on each other: the GPT at the bottom, then
 * the n-gram table, then the note's own n-grams. Each learns on validation notes what the
 * probabilities of the levels below it leave to be learned, and is then held fixed.
 */

import type { Probabilities } from "../../lib/gpt/scoring/mixture_levels.ts";

export interface Level<Learned = unknown> {
  /** As calibration.json names it. */
  name: string;
  /** The parameters under which the notes are likeliest, given what stands below. */
  learn(below: Probabilities): Learned;
  /** The notes' probabilities with this level on top. */
  apply(below: Probabilities, learned: Learned): Float64Array[];
}

/** What each of `levels` has learned, by its name, and the probabilities behind each of them. */
export function fitLevels(model: Probabilities, levels: readonly Level[]) {
  const learned: Record<string, unknown> = {};
  const after: Record<string, Probabilities> = {};
  let below = model;
  for (const level of levels) {
    learned[level.name] = level.learn(below);
    below = after[level.name] = level.apply(below, learned[level.name]);
  }
  return { learned, after, top: below };
}
