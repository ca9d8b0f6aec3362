// @ts-nocheck: AssemblyScript
// out[m, h] = softmaxₜ(q[m, h] · key[h, t] / √D) · value[h, t],  t ≤ past + m
//   qkv: (M, stride), of which 3C hold query, key and value, each (H, D)
//   keys, values: (H, T, S), the cache of one layer, S = D padded with zeros to a multiple of 4
//   out: (M, outStride)   scratch: 2S + T + 4 floats
// The new keys and values are written behind those of the `past` tokens first.

import { exponential } from "./exponential.ts";
import { floatSumsOfFour } from "./sums.ts";

export function attention(
  qkv: usize,
  keys: usize,
  values: usize,
  out: usize,
  scratch: usize,
  rows: i32,
  past: i32,
  heads: i32,
  size: i32,
  positions: i32,
  stride: i32,
  outStride: i32,
): void {
  const padded = (size + 3) & ~3, width = heads * size;
  const bytes = <usize> size * 4, rowBytes = <usize> padded * 4;
  const headBytes = <usize> positions * rowBytes;
  const query = scratch, result = scratch + rowBytes, scores = result + rowBytes;
  for (let h = 0; h < heads; h++) {
    const from = qkv + <usize> (h * size * 4);
    const key = keys + <usize> h * headBytes, value = values + <usize> h * headBytes;
    for (let m = 0; m < rows; m++) {
      const row = from + <usize> (m * stride * 4), at = <usize> (past + m) * rowBytes;
      memory.copy(key + at, row + <usize> (width * 4), bytes);
      memory.copy(value + at, row + <usize> (width * 8), bytes);
    }
    memory.fill(query, 0, rowBytes);
    for (let m = 0; m < rows; m++) {
      memory.copy(query, from + <usize> (m * stride * 4), bytes);
      const seen = past + m + 1;
      scoresOf(query, key, scores, seen, rowBytes, 1 / sqrt<f32>(<f32> size));
      softmax(scores, seen);
      weightedSum(scores, value, result, seen, rowBytes);
      memory.copy(out + <usize> ((m * outStride + h * size) * 4), result, bytes);
    }
  }
}

/** scores[t] = query · key[t] · scale, four t at a time; rows behind `seen` are computed in vain. */
function scoresOf(
  query: usize,
  key: usize,
  scores: usize,
  seen: i32,
  rowBytes: usize,
  scale: f32,
): void {
  for (let t = 0; t < seen; t += 4) {
    const k0 = key + <usize> t * rowBytes, k1 = k0 + rowBytes, k2 = k1 + rowBytes;
    const k3 = k2 + rowBytes;
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (let at: usize = 0; at < rowBytes; at += 16) {
      const q = v128.load(query + at);
      a = f32x4.add(a, f32x4.mul(q, v128.load(k0 + at)));
      b = f32x4.add(b, f32x4.mul(q, v128.load(k1 + at)));
      c = f32x4.add(c, f32x4.mul(q, v128.load(k2 + at)));
      d = f32x4.add(d, f32x4.mul(q, v128.load(k3 + at)));
    }
    v128.store(
      scores + <usize> (t * 4),
      f32x4.mul(floatSumsOfFour(a, b, c, d), f32x4.splat(scale)),
    );
  }
}

/** In place, over the first `count` scores; those behind, up to a multiple of 4, become nothing. */
function softmax(scores: usize, count: i32): void {
  const end = scores + <usize> count * 4;
  let peak = load<f32>(scores);
  for (let at = scores; at < end; at += 4) peak = max(peak, load<f32>(at));
  for (let at = end; at < scores + <usize> ((count + 3) & ~3) * 4; at += 4) {
    store<f32>(at, -Infinity);
  }
  const peaks = f32x4.splat(peak);
  let sums = f32x4.splat(0);
  for (let at = scores; at < end; at += 16) {
    const power = exponential(f32x4.sub(v128.load(at), peaks));
    v128.store(at, power);
    sums = f32x4.add(sums, power);
  }
  const sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) +
    f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3);
  const share = f32x4.splat(1 / sum);
  for (let at = scores; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), share));
}

/** result = Σₜ weights[t] · value[t] */
function weightedSum(
  weights: usize,
  value: usize,
  result: usize,
  seen: i32,
  rowBytes: usize,
): void {
  let at: usize = 0;
  for (; at + 64 <= rowBytes; at += 64) {
    let a = f32x4.splat(0), b = a, c = a, d = a, row = value + at;
    for (let t = 0; t < seen; t++, row += rowBytes) {
      const weight = v128.load32_splat(weights + <usize> (t * 4));
      a = f32x4.add(a, f32x4.mul(weight, v128.load(row)));
      b = f32x4.add(b, f32x4.mul(weight, v128.load(row, 16)));
      c = f32x4.add(c, f32x4.mul(weight, v128.load(row, 32)));
      d = f32x4.add(d, f32x4.mul(weight, v128.load(row, 48)));
    }
    v128.store(result + at, a);
    v128.store(result + at, b, 16);
    v128.store(result + at, c, 32);
    v128.store(result + at, d, 48);
  }
  for (; at < rowBytes; at += 16) {
    let a = f32x4.splat(0), row = value + at;
    for (let t = 0; t < seen; t++, row += rowBytes) {
      a = f32x4.add(a, f32x4.mul(v128.load32_splat(weights + <usize> (t * 4)), v128.load(row)));
    }
    v128.store(result + at, a);
  }
}
