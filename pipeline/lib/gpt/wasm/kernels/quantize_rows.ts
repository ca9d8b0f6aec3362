// @ts-nocheck: AssemblyScript
// scale[m] = maxₖ |x[m, k]| / limit,   out[m, k] = round(x[m, k] / scale[m])
//   x: (M, K) f32   out: (M, K) i16   scale: (M)
// `limit` is the largest for which a sum of K products with int8 cannot overflow int32.

export function quantizeRows(
  x: usize,
  out: usize,
  scale: usize,
  rows: i32,
  inputs: i32,
  limit: f32,
): void {
  for (let m = 0; m < rows; m++) {
    const row = x + <usize> (m * inputs * 4), to = out + <usize> (m * inputs * 2);
    let largest = f32x4.splat(0);
    for (let k: usize = 0; k < <usize> inputs * 4; k += 16) {
      largest = f32x4.max(largest, f32x4.abs(v128.load(row + k)));
    }
    const peak = max(
      max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
      max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
    );
    store<f32>(scale + <usize> (m * 4), peak / limit);
    const factor = f32x4.splat(peak > 0 ? limit / peak : 0);
    for (let k: usize = 0; k < <usize> inputs; k += 8) {
      const low = f32x4.nearest(f32x4.mul(v128.load(row + (k << 2)), factor));
      const high = f32x4.nearest(f32x4.mul(v128.load(row + (k << 2), 16), factor));
      const narrow = i16x8.narrow_i32x4_s(
        i32x4.trunc_sat_f32x4_s(low),
        i32x4.trunc_sat_f32x4_s(high),
      );
      v128.store(to + (k << 1), narrow);
    }
  }
}
