// d = d · gelu′(inp), elementwise: dout on entry, dinp on return.
//   inp, d: (n)
// GELU in GPT-2's tanh approximation is gelu(x) = ½ x (1 + tanh z) = x · s with s = sigmoid(2z) and
// z = √(2/π) (x + 0.044715 x³); therefore gelu′(x) = s + 2 x s (1 − s) dz/dx. The sigmoid needs one
// exp where tanh needs two. Past |z| = 15 it is 0 or 1 in f32, and clamped so exp stays finite.
// One invocation per element in the order of memory, which is all that it waits for; workgroups in
// x and y, because one axis ends at 65,535.
override WG: u32 = 64u;
struct Params { n: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> inp: array<real>;
@group(0) @binding(2) var<storage, read_write> d: array<real>;
const SCALE = 0.7978845608028654; // √(2/π)
const CUBIC = 0.044715;

fn gelu_slope(x: f32) -> f32 {
  let z = clamp(SCALE * (x + CUBIC * x * x * x), -15.0, 15.0);
  let s = 1.0 / (1.0 + exp(-2.0 * z));
  return s + 2.0 * x * s * (1.0 - s) * SCALE * (1.0 + 3.0 * CUBIC * x * x);
}

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i < params.n) { d[i] = real(f32(d[i]) * gelu_slope(f32(inp[i]))); }
}
