// @ts-nocheck: AssemblyScript
// out = weight * (inp - mean) / √(variance + eps) + bias, over the C values of a row.
//   inp, out: (M, stride)   weight, bias: (C)
// Scalar: a token has few values, and the padding of a row must not enter its mean.

export function layernorm(
  inp: usize,
  weight: usize,
  bias: usize,
  out: usize,
  rows: i32,
  stride: i32,
  width: i32,
  eps: f32,
): void {
  const bytes = <usize> width * 4;
  for (let m = 0; m < rows; m++) {
    const from = inp + <usize> (m * stride * 4), to = out + <usize> (m * stride * 4);
    let mean: f32 = 0, variance: f32 = 0;
    for (let at: usize = 0; at < bytes; at += 4) mean += load<f32>(from + at);
    mean /= <f32> width;
    for (let at: usize = 0; at < bytes; at += 4) {
      const centred = load<f32>(from + at) - mean;
      variance += centred * centred;
    }
    const scale: f32 = 1 / sqrt<f32>(variance / <f32> width + eps);
    for (let at: usize = 0; at < bytes; at += 4) {
      const normal = (load<f32>(from + at) - mean) * scale;
      store<f32>(to + at, normal * load<f32>(weight + at) + load<f32>(bias + at));
    }
  }
}
