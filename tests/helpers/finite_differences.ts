/** Ladder (a): a backward pass against central differences of its forward pass, in float64. */

import { assert } from "@std/assert";

/** Standard normal values that depend on the seed alone (Box-Muller over a linear congruence). */
export function normals(count: number, seed: number): Float64Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** Σ a · b: turns a vector-valued forward into the scalar whose gradient `b` asks backward for. */
export const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Step of the central difference: truncation and rounding both stay near 1e-10 of the value. */
const STEP = 1e-5;

/**
 * Asserts that `gradient` is the gradient of `scalar()` by `variable`, which `scalar` reads. Every
 * element up to a hundred, then a hundred spread evenly. Errors are relative to the largest
 * gradient or 1.
 */
export function assertGradient(
  name: string,
  scalar: () => number,
  variable: Float64Array,
  gradient: Float64Array,
  tolerance = 1e-7,
): void {
  assert(gradient.length === variable.length, `${name}: ${gradient.length} gradients`);
  const size = Math.max(1, gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0));
  const stride = Math.max(1, Math.floor(variable.length / 100));
  for (let i = 0; i < variable.length; i += stride) {
    const difference = centralDifference(scalar, variable, i);
    const error = Math.abs(gradient[i] - difference) / size;
    assert(
      error <= tolerance,
      `${name}[${i}]: backward ${gradient[i]}, central difference ${difference}, error ${error}`,
    );
  }
}

function centralDifference(scalar: () => number, variable: Float64Array, index: number): number {
  const original = variable[index];
  variable[index] = original + STEP;
  const above = scalar();
  variable[index] = original - STEP;
  const below = scalar();
  variable[index] = original;
  return (above - below) / (2 * STEP);
}
