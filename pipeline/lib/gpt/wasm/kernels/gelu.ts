// @ts-nocheck: AssemblyScript
// x ← x / (1 + e^(−2z)),  z = √(2/π) · (x + 0.044715 x³): GELU in the tanh approximation, as
// ½(1 + tanh z) is the logistic function of 2z.
//   x: `count` floats, a multiple of 4

import { exponential } from "./exponential.ts";

export function gelu(x: usize, count: i32): void {
  const one = f32x4.splat(1), cubic = f32x4.splat(0.044715), minusTwo = f32x4.splat(-1.5957691216);
  for (const end = x + <usize> count * 4; x < end; x += 16) {
    const v = v128.load(x);
    const inner = f32x4.mul(v, f32x4.add(one, f32x4.mul(cubic, f32x4.mul(v, v))));
    v128.store(x, f32x4.div(v, f32x4.add(one, exponential(f32x4.mul(minusTwo, inner)))));
  }
}
