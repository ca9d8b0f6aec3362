// @ts-nocheck: AssemblyScript
// out[m, n] = Σₖ x[m, k] · w[n, k] + bias[n], added to out where `add`.
//   x: (M, K)   w: (N, K)   bias: (N)   out: (M, N)
// Rows are padded with zeros to a multiple of 16 elements, N to a multiple of 16. Four outputs at a
// time share what is loaded of x.

import { floatSumsOfFour } from "./sums.ts";

export function linearFloat32(
  x: usize,
  w: usize,
  bias: usize,
  out: usize,
  rows: i32,
  inputs: i32,
  outputs: i32,
  add: bool,
): void {
  const stride = <usize> inputs * 4;
  for (let n = 0; n < outputs; n += 4) {
    const w0 = w + <usize> n * stride, w1 = w0 + stride, w2 = w1 + stride, w3 = w2 + stride;
    for (let m = 0; m < rows; m++) {
      const row = x + <usize> m * stride;
      let a = f32x4.splat(0), b = a, c = a, d = a;
      for (let k: usize = 0; k < stride; k += 16) {
        const values = v128.load(row + k);
        a = f32x4.add(a, f32x4.mul(values, v128.load(w0 + k)));
        b = f32x4.add(b, f32x4.mul(values, v128.load(w1 + k)));
        c = f32x4.add(c, f32x4.mul(values, v128.load(w2 + k)));
        d = f32x4.add(d, f32x4.mul(values, v128.load(w3 + k)));
      }
      const to = out + <usize> ((m * outputs + n) * 4);
      let value = f32x4.add(floatSumsOfFour(a, b, c, d), v128.load(bias + <usize> n * 4));
      if (add) value = f32x4.add(value, v128.load(to));
      v128.store(to, value);
    }
  }
}
