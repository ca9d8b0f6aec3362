/**
 * Whether a confidence means what it says: of the suggestions shown with confidence c, is the share
 * c right? Right means that the text goes on with exactly the suggestion and a word ends there. Only
 * suggestions new to the typist count (thresholds.ts).
 *
 *     ECE = Σ over bins of (suggestions in the bin / all) · |share right − mean confidence|
 *
 * Bins hold equally many suggestions (equal mass: Nixon et al. 2019), because most confidences lie
 * close together.
 */

import { bootstrap, type Estimate } from "../../lib/base/bootstrap.ts";
import type { Claims } from "../../lib/gpt/typing/thresholds.ts";

export interface CalibrationBin {
  /** Mean confidence. */
  confidence: number;
  /** Share that was right. */
  right: number;
  suggestions: number;
}

export interface Calibration {
  /** Expected calibration error, with its interval over notes. */
  ece: Estimate;
  bins: CalibrationBin[];
  suggestions: number;
}

const BINS = 10;
/** Fewer suggestions than this say nothing about calibration. */
const LEAST = 100;

/** Sums of one note or of all, three numbers a bin: suggestions, confidence, right. */
type Sums = Float64Array;

/** The calibration of what was shown in some notes; null if that is too little to tell. */
export function calibrationOf(notes: readonly Claims[]): Calibration | null {
  const all = notes.flatMap(({ confidence }) => [...confidence]).sort((a, b) => a - b);
  if (all.length < LEAST) return null;
  const bounds = Array.from(
    { length: BINS - 1 },
    (_, bin) => all[Math.floor((bin + 1) * all.length / BINS)],
  );
  const sums = notes.map((claims) => sumsOf(claims, bounds));
  const total = added(sums);
  const bins = Array.from({ length: BINS }, (_, bin) => ({
    confidence: total[3 * bin + 1] / total[3 * bin],
    right: total[3 * bin + 2] / total[3 * bin],
    suggestions: total[3 * bin],
  }));
  return {
    ece: bootstrap(sums, (sample) => eceOf(added(sample))),
    bins: bins.filter(({ suggestions }) => suggestions > 0),
    suggestions: all.length,
  };
}

function sumsOf({ confidence, right }: Claims, bounds: readonly number[]): Sums {
  const sums = new Float64Array(3 * BINS);
  confidence.forEach((value, index) => {
    let bin = 0;
    while (bin < bounds.length && value >= bounds[bin]) bin++;
    sums[3 * bin]++;
    sums[3 * bin + 1] += value;
    sums[3 * bin + 2] += right[index];
  });
  return sums;
}

function added(sums: readonly Sums[]): Sums {
  const total = new Float64Array(3 * BINS);
  for (const one of sums) for (let i = 0; i < total.length; i++) total[i] += one[i];
  return total;
}

function eceOf(total: Sums): number {
  let error = 0, suggestions = 0;
  for (let bin = 0; bin < BINS; bin++) {
    suggestions += total[3 * bin];
    error += Math.abs(total[3 * bin + 2] - total[3 * bin + 1]);
  }
  return suggestions === 0 ? 0 : error / suggestions;
}
