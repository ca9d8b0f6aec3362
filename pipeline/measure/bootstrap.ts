/**
 * Percentile bootstrap over notes (Efron & Tibshirani 1993, chapter 13): notes, not words, are
 * drawn with replacement, because the words of one note are not independent of each other.
 */

export interface Estimate {
  value: number;
  /** 95% percentile interval. */
  low: number;
  high: number;
  /** Notes it rests on. */
  notes: number;
}

const RESAMPLES = 1000;

/** `statistic` of all `notes`, with its 95% interval. Deterministic: the draws have a fixed seed. */
export function bootstrap<T>(
  notes: readonly T[],
  statistic: (sample: readonly T[]) => number,
): Estimate {
  const random = xorshift32(0x9e3779b9);
  const values = new Float64Array(RESAMPLES);
  const sample = new Array<T>(notes.length);
  for (let draw = 0; draw < RESAMPLES; draw++) {
    for (let index = 0; index < notes.length; index++) {
      sample[index] = notes[Math.floor(random() * notes.length)];
    }
    values[draw] = statistic(sample);
  }
  values.sort();
  const at = (share: number) => values[Math.round(share * (RESAMPLES - 1))];
  return { value: statistic(notes), low: at(0.025), high: at(0.975), notes: notes.length };
}

/** Marsaglia's xorshift (2003), triple (13, 17, 5): uniform in [0, 1). */
function xorshift32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
