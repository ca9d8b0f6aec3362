// Dropout without a stored mask: a random number is a pure function of where it is used.
// The generator is pcg4d (Jarzynski & Olano 2020, "Hash Functions for GPU Rendering", JCGT 9(3)).
// Four neighbouring columns share one counter (column / 4, row, site, seed).
fn pcg4d(counter: vec4u) -> vec4u {
  var v = counter * 1664525u + 1013904223u;
  v = pcg4d_mix(v);
  v ^= v >> vec4u(16u);
  return pcg4d_mix(v);
}

fn pcg4d_mix(counter: vec4u) -> vec4u {
  var v = counter;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

// 0 below the threshold p · 2³², 1/(1 − p) from there on. A threshold of 0 means no dropout.
fn dropout_factor(threshold: u32, keep: f32, row: u32, column: u32, site: u32, seed: u32) -> f32 {
  if (threshold == 0u) { return 1.0; }
  let bits = pcg4d(vec4u(column / 4u, row, site, seed))[column % 4u];
  return select(keep, 0.0, bits < threshold);
}
