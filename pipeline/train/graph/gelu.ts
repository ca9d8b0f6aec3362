/** GELU in the tanh approximation (Hendrycks and Gimpel 2016), GPT-2's `gelu_new`. */

import type { F32 } from "../../lib/gpt/onnx/builder.ts";
import type { Layer, Tape } from "./layer.ts";

/**
 * out = x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). As (1 + tanh u)/2 = sigmoid(2u), that is
 *
 *   out = x · s  with s = sigmoid(z),  z = x · p,  p = a x² + b
 *   dx  = dout · (s + out · (1 − s) · (3p − 2b)),  for dz/dx = 3a x² + b
 */
export function gelu(tape: Tape, x: F32): Layer {
  const { g } = tape;
  const b = 2 * Math.sqrt(2 / Math.PI), a = b * 0.044715;
  const p = g.add(g.mul(g.mul(x, x), g.scalar(a)), g.scalar(b));
  const s = g.sigmoid(g.mul(x, p));
  const out = g.mul(x, s);
  return {
    out,
    backward(dout) {
      const dz = g.sub(g.mul(p, g.scalar(3)), g.scalar(2 * b));
      const slope = g.add(s, g.mul(g.sub(out, g.mul(out, s)), dz));
      return g.mul(dout, slope);
    },
  };
}
