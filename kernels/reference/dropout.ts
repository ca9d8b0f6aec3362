/**
 * Dropout with a counter-based random generator: the oracle of kernels/ops/dropout.
 *
 * A random number is a pure function of where it is used, so nothing is stored between forward and
 * backward, and a run repeats exactly. The generator is pcg4d (Jarzynski & Olano 2020, "Hash
 * Functions for GPU Rendering", JCGT 9(3)): four counters in, four 32-bit numbers out.
 */

/** Which random numbers a dropout uses. */
export interface Dropout {
  /** Probability of a zero, 0 ≤ p < 1. */
  probability: number;
  /** Differs for every training step and micro-batch. */
  seed: number;
  /** Differs for every place in the model. */
  site: number;
}

/** The four 32-bit random numbers of one counter. */
export function pcg4d(counter: readonly [number, number, number, number]): Uint32Array {
  const v = Uint32Array.from(counter, (x) => Math.imul(x, 1664525) + 1013904223);
  mix(v);
  for (let i = 0; i < 4; i++) v[i] ^= v[i] >>> 16;
  mix(v);
  return v;
}

function mix(v: Uint32Array): void {
  v[0] += Math.imul(v[1], v[3]);
  v[1] += Math.imul(v[2], v[0]);
  v[2] += Math.imul(v[0], v[1]);
  v[3] += Math.imul(v[1], v[2]);
}

/**
 * What the element at (row, column) is multiplied by: 0 with the given probability, 1/(1 − p)
 * otherwise. One counter serves four neighbouring columns. Elementwise dropout takes a tensor as
 * one long row 0; attention's rows are the (B, NH, T) queries and its columns the keys.
 */
export function dropoutFactor(
  { probability, seed, site }: Dropout,
  row: number,
  column: number,
): number {
  if (probability === 0) return 1;
  const bits = pcg4d([column >>> 2, row, site, seed])[column & 3];
  return bits < Math.floor(probability * 2 ** 32) ? 0 : 1 / (1 - probability);
}

/** out = inp · factor, elementwise. The same function is its own backward: dinp from dout. */
export function dropoutForward(inp: Float64Array, dropout: Dropout): Float64Array {
  return inp.map((value, i) => value * dropoutFactor(dropout, 0, i));
}
