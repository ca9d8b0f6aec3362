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

// 0 below the threshold p · 2³², 1/(1 − p) from there on, for columns 4 · quad to 4 · quad + 3.
fn dropout_factors(threshold: u32, keep: f32, row: u32, quad: u32, site: u32, seed: u32) -> vec4f {
  return select(vec4f(keep), vec4f(), pcg4d(vec4u(quad, row, site, seed)) < vec4u(threshold));
}

// The same for one column. A threshold of 0 with a keep of 1 means no dropout, and is not worth a
// branch: for one that depends on Params alone, lavapipe (Mesa 22.3) compiles again at every
// dispatch, and leaks.
fn dropout_factor(threshold: u32, keep: f32, row: u32, column: u32, site: u32, seed: u32) -> f32 {
  return dropout_factors(threshold, keep, row, column / 4u, site, seed)[column % 4u];
}
