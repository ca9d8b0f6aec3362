/** When a step went wrong: its loss or gradient is not finite, or far outside its history. */

import type { StepMetrics } from "./engine.ts";

/** The running mean of the gradient norm remembers about this many steps … */
const MEMORY_STEPS = 50;
/** … and judges only after as many: the first norms of a run fall quickly by themselves. */
const FIRST_JUDGED_STEP = 50;

/** The learning rate is halved after every third spike, and after 15 the run is given up. */
export const LOWER_AFTER = 3;
export const MAX_SPIKES = 15;

/** Why `metrics` are a spike, or `undefined`. `factor` 0 leaves only what is not finite. */
export function spikeReason(
  { step, loss, gradNorm, skipped }: StepMetrics,
  mean: number | null,
  factor: number,
): string | undefined {
  if (!Number.isFinite(loss)) return `loss is ${loss}`;
  if (skipped) return undefined; // nothing was updated, and the scale is lower now
  if (!Number.isFinite(gradNorm)) return `gradient norm is ${gradNorm}`;
  if (factor === 0 || mean === null || step <= FIRST_JUDGED_STEP) return undefined;
  if (gradNorm <= factor * mean) return undefined;
  return `gradient norm ${gradNorm.toPrecision(3)} is over ${factor} times its mean ${
    mean.toPrecision(3)
  }`;
}

/** The running mean after one more step. */
export function nextGradNormMean(mean: number | null, gradNorm: number): number {
  return mean === null ? gradNorm : mean + (gradNorm - mean) / MEMORY_STEPS;
}
