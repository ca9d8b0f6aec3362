// @ts-nocheck: AssemblyScript
// out[m] = wte[ids[m]] + wpe[past + m]
//   ids: (M) i32   wte: (V, K) i8 with a scale per row, or f32   wpe: (T, K)   out: (M, K)

export function embedInt8(
  ids: usize,
  wte: usize,
  scales: usize,
  wpe: usize,
  out: usize,
  rows: i32,
  width: i32,
  past: i32,
): void {
  for (let m = 0; m < rows; m++) {
    const id = load<i32>(ids + <usize> (m * 4));
    const scale = load<f32>(scales + <usize> (id * 4));
    const token = wte + <usize> (id * width), position = wpe + <usize> ((past + m) * width * 4);
    for (let i = 0; i < width; i++, out += 4) {
      const value = <f32> load<i8>(token + i) * scale;
      store<f32>(out, value + load<f32>(position + <usize> (i * 4)));
    }
  }
}

export function embedFloat32(
  ids: usize,
  wte: usize,
  wpe: usize,
  out: usize,
  rows: i32,
  width: i32,
  past: i32,
): void {
  for (let m = 0; m < rows; m++) {
    const id = load<i32>(ids + <usize> (m * 4));
    const token = wte + <usize> (id * width * 4);
    const position = wpe + <usize> ((past + m) * width * 4);
    for (let at: usize = 0; at < <usize> width * 4; at += 4, out += 4) {
      store<f32>(out, load<f32>(token + at) + load<f32>(position + at));
    }
  }
}
