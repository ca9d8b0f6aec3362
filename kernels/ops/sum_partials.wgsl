// The second stage of column sums: out[c] += Σ_k partials[k, offset + c].
//   partials: (chunks, stride)   out: (C)
// One invocation per column, always in the same order, so that sums repeat bit for bit.
override WG: u32 = 64u;
struct Params { c: u32, chunks: u32, stride: u32, offset: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= params.c) { return; }
  var sum = 0.0;
  for (var k = 0u; k < params.chunks; k++) {
    sum += partials[k * params.stride + params.offset + c];
  }
  out[c] += sum;
}
