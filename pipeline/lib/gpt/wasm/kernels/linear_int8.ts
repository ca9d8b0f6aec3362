// @ts-nocheck: AssemblyScript
// out[m, n] = sx[m] · sw[n] · Σₖ x[m, k] · w[n, k] + bias[n], added to out where `add`.
//   x: (M, K) i16   sx: (M)   w: (N, K) i8   sw, bias: (N)   out: (M, N) f32
// Rows of all matrices are padded with zeros to a multiple of 16 elements, N to a multiple of 16.
//
// Groups of weights stay in the first cache while the rows of x pass by. `dot_i16x8_s` multiplies
// eight pairs and adds neighbours; the weights are widened to i16 as they are loaded. Four rows at a
// time share a widened weight; a single token has nobody to share with and takes four outputs.

import { sumsOfFour } from "./sums.ts";

export function linearInt8(
  x: usize,
  sx: usize,
  w: usize,
  sw: usize,
  bias: usize,
  out: usize,
  rows: i32,
  inputs: i32,
  outputs: i32,
  add: bool,
): void {
  const together = rows & ~3;
  for (let n = 0; n < outputs; n += 4) {
    const group = w + <usize> (n * inputs);
    for (let m = 0; m < together; m += 4) {
      for (let i = 0; i < 4; i += 2) {
        const columns = n + i;
        fourRows(
          x + <usize> (m * inputs * 2),
          sx + <usize> (m * 4),
          group + <usize> (i * inputs),
          sw + <usize> (columns * 4),
          bias + <usize> (columns * 4),
          out + <usize> ((m * outputs + columns) * 4),
          inputs,
          outputs,
          add,
        );
      }
    }
    const scales = v128.load(sw + <usize> (n * 4)), biases = v128.load(bias + <usize> (n * 4));
    for (let m = together; m < rows; m++) {
      const sums = fourOutputs(x + <usize> (m * inputs * 2), group, inputs);
      const scale = f32x4.splat(load<f32>(sx + <usize> (m * 4)));
      const to = out + <usize> ((m * outputs + n) * 4);
      let value = f32x4.add(
        f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(sums), scale), scales),
        biases,
      );
      if (add) value = f32x4.add(value, v128.load(to));
      v128.store(to, value);
    }
  }
}

/** One row of x with four rows of w. */
function fourOutputs(x: usize, w: usize, inputs: i32): v128 {
  const w1 = w + inputs, w2 = w1 + inputs, w3 = w2 + inputs;
  let a = i32x4.splat(0), b = a, c = a, d = a;
  for (let k: usize = 0; k < <usize> inputs; k += 16) {
    const low = v128.load(x + (k << 1)), high = v128.load(x + (k << 1), 16);
    let pair = v128.load(w + k);
    a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(pair), low));
    a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(pair), high));
    pair = v128.load(w1 + k);
    b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(pair), low));
    b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(pair), high));
    pair = v128.load(w2 + k);
    c = i32x4.add(c, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(pair), low));
    c = i32x4.add(c, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(pair), high));
    pair = v128.load(w3 + k);
    d = i32x4.add(d, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(pair), low));
    d = i32x4.add(d, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(pair), high));
  }
  return sumsOfFour(a, b, c, d);
}

/** Four rows of x with two rows of w. */
function fourRows(
  x: usize,
  sx: usize,
  w: usize,
  sw: usize,
  bias: usize,
  out: usize,
  inputs: i32,
  outputs: i32,
  add: bool,
): void {
  const stride = <usize> inputs * 2;
  const x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride, w1 = w + inputs;
  let a0 = i32x4.splat(0), b0 = a0, c0 = a0, d0 = a0, a1 = a0, b1 = a0, c1 = a0, d1 = a0;
  for (let k: usize = 0; k < <usize> inputs; k += 8) {
    const first = v128.load8x8_s(w + k), second = v128.load8x8_s(w1 + k);
    const at = k << 1;
    let row = v128.load(x + at);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(row, first));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(row, second));
    row = v128.load(x1 + at);
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(row, first));
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(row, second));
    row = v128.load(x2 + at);
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(row, first));
    c1 = i32x4.add(c1, i32x4.dot_i16x8_s(row, second));
    row = v128.load(x3 + at);
    d0 = i32x4.add(d0, i32x4.dot_i16x8_s(row, first));
    d1 = i32x4.add(d1, i32x4.dot_i16x8_s(row, second));
  }
  const scales = v128.load(sx);
  storeColumn(
    out,
    outputs,
    sumsOfFour(a0, b0, c0, d0),
    scales,
    load<f32>(sw),
    load<f32>(bias),
    add,
  );
  storeColumn(
    out + 4,
    outputs,
    sumsOfFour(a1, b1, c1, d1),
    scales,
    load<f32>(sw + 4),
    load<f32>(bias + 4),
    add,
  );
}

function storeColumn(
  out: usize,
  outputs: i32,
  sums: v128,
  scales: v128,
  scale: f32,
  bias: f32,
  add: bool,
): void {
  const value = f32x4.add(
    f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(sums), scales), f32x4.splat(scale)),
    f32x4.splat(bias),
  );
  const stride = <usize> outputs * 4;
  storeOne(out, f32x4.extract_lane(value, 0), add);
  storeOne(out + stride, f32x4.extract_lane(value, 1), add);
  storeOne(out + 2 * stride, f32x4.extract_lane(value, 2), add);
  storeOne(out + 3 * stride, f32x4.extract_lane(value, 3), add);
}

function storeOne(to: usize, value: f32, add: bool): void {
  store<f32>(to, add ? value + load<f32>(to) : value);
}
