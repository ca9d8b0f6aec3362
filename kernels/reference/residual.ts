/** The residual connection in float64: the oracle of kernels/ops/residual. */

/** out = a + b; its backward passes dout to both. */
export function residualForward(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]);
}
