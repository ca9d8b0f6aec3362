// The second stage: norm = √ Σ partials.
//   partials: (chunks)   norm: (2), of which the second belongs to loss_scale.wgsl
// One workgroup, so that the sum is always in the same order; 15,000 partials of GPT-2 take it
// microseconds.
struct Params { chunks: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.chunks; i += WG) { sum += partials[i]; }
  let total = workgroup_sum(sum, lane);
  if (lane == 0u) { norm[0] = sqrt(total); }
}
