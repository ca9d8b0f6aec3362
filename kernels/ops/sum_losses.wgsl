// out[0] += scale · Σ losses, always in the same order.
//   losses: (N)   out: (1)
// One workgroup: a step has some ten thousand losses, read once.
struct Params { n: u32, scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> losses: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.n; i += WG) { sum += losses[i]; }
  let total = workgroup_sum(sum, lane);
  if (lane == 0u) { out[0] += params.scale * total; }
}
