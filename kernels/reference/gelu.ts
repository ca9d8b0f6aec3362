/**
 * GELU in GPT-2's tanh approximation (Hendrycks & Gimpel 2016) in float64: the oracle of
 * kernels/ops/gelu. Hugging Face calls it `gelu_new`.
 */

const SCALE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), elementwise. */
export function geluForward(inp: Float64Array): Float64Array {
  return inp.map((x) => 0.5 * x * (1 + Math.tanh(SCALE * (x + CUBIC * x ** 3))));
}

/** dinp = dout · gelu′(inp), elementwise. */
export function geluBackward(dout: Float64Array, inp: Float64Array): Float64Array {
  return inp.map((x, i) => {
    const tanh = Math.tanh(SCALE * (x + CUBIC * x ** 3));
    const slope = SCALE * (1 + 3 * CUBIC * x ** 2);
    return dout[i] * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh ** 2) * slope);
  });
}
