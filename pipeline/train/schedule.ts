/** The learning rate of each step: a linear warm-up, then one of four shapes. */

import type { TrainConfig } from "../lib/gpt/config.ts";

type ScheduleConfig = Pick<
  TrainConfig,
  "steps" | "learningRate" | "minLearningRate" | "warmupSteps" | "schedule" | "decayFraction"
>;

/**
 * Learning rate of `step` (1 … steps):
 *
 * - warm-up: learningRate · step / warmupSteps
 * - `cosine`: half a cosine wave from the peak to minLearningRate (Loshchilov and Hutter 2017)
 * - `linear`: a straight line between the same two
 * - `constant`: the peak to the end
 * - `wsd`: the peak until the last `decayFraction` of all steps, then a straight line down (Hu et al.
 *   2024, "MiniCPM"): a run can be prolonged from any checkpoint of its stable phase
 */
export function learningRate(step: number, config: ScheduleConfig): number {
  const { steps, learningRate: peak, minLearningRate: low, warmupSteps, schedule } = config;
  if (step <= warmupSteps) return peak * step / warmupSteps;
  switch (schedule) {
    case "constant":
      return peak;
    case "cosine":
      return low + (peak - low) * (1 + Math.cos(Math.PI * share(warmupSteps))) / 2;
    case "linear":
      return peak + (low - peak) * share(warmupSteps);
    case "wsd":
      return peak + (low - peak) * share(Math.floor(steps * (1 - config.decayFraction)));
  }

  /** How much of the way from `start` to the last step is done, 0 … 1. */
  function share(start: number): number {
    return Math.min(1, Math.max(0, (step - start) / Math.max(1, steps - start)));
  }
}
