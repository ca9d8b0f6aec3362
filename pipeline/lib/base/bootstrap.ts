/**
 * Percentile bootstrap over notes (Efron & Tibshirani 1993, chapter 13): notes, not words, are
 * drawn with replacement, because the words of one note are not independent of each other.
 */

import { Random } from "./random.ts";

export interface Estimate {
  value: number;
  /** 95% percentile interval. */
  low: number;
  high: number;
  /** Notes it rests on. */
  notes: number;
}

/** A difference between two systems on the same notes. */
export interface Difference extends Estimate {
  /** Two-sided: how often resampling turns the difference around, or makes it nothing. */
  p: number;
}

const RESAMPLES = 1000;

/** Enough for p-values that survive a correction for many tests: the smallest is 0.0002. */
export const FINE_RESAMPLES = 9999;

/** `statistic` of all `notes`, with its 95% interval. Deterministic: the draws have a fixed seed. */
export function bootstrap<T>(
  notes: readonly T[],
  statistic: (sample: readonly T[]) => number,
): Estimate {
  return estimate(notes, statistic(notes), resampled(notes, statistic));
}

/**
 * Paired bootstrap (Koehn 2004): `statistic` of the second of each pair minus that of the first,
 * both of the same drawn notes, so that what makes a note hard for both cancels out.
 */
export function pairedBootstrap<T>(
  pairs: readonly (readonly [first: T, second: T])[],
  statistic: (sample: readonly T[]) => number,
  resamples = RESAMPLES,
): Difference {
  const difference = (sample: readonly (readonly [T, T])[]) =>
    statistic(sample.map(([, second]) => second)) - statistic(sample.map(([first]) => first));
  const values = resampled(pairs, difference, resamples);
  const below = values.filter((value) => value <= 0).length;
  const above = values.filter((value) => value >= 0).length;
  const p = Math.min(1, 2 * (Math.min(below, above) + 1) / (values.length + 1));
  return { ...estimate(pairs, difference(pairs), values), p };
}

/**
 * p-values of several tests, adjusted so that the chance of even one false finding among them stays
 * below the level each is compared with (Holm 1979); in the order given.
 *
 * ```ts
 * holm([0.01, 0.04, 0.03]); // [0.03, 0.06, 0.06]
 * ```
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a] - pValues[b]);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]));
    adjusted[index] = largest;
  });
  return adjusted;
}

function estimate(notes: readonly unknown[], value: number, sorted: Float64Array): Estimate {
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return { value, low: at(0.025), high: at(0.975), notes: notes.length };
}

/** `statistic` of `draws` draws of as many notes, sorted. */
function resampled<T>(
  notes: readonly T[],
  statistic: (sample: readonly T[]) => number,
  draws = RESAMPLES,
): Float64Array {
  const random = new Random(RESAMPLES, "bootstrap");
  const values = new Float64Array(draws);
  const sample = new Array<T>(notes.length);
  for (let draw = 0; draw < draws; draw++) {
    for (let index = 0; index < notes.length; index++) {
      sample[index] = notes[random.below(notes.length)];
    }
    values[draw] = statistic(sample);
  }
  return values.sort();
}
