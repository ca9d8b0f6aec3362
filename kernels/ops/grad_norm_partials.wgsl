// The first of two stages of the gradient's norm: partials[first + k] = Σ grad² over chunk k.
//   grad: (n) as n/4 vec4   partials: one value per chunk of all gradients
// One workgroup per chunk of `chunk` vec4: chunks of 8,192 values are enough of them to fill a GPU,
// and leave few partials.
struct Params { quads: u32, chunk: u32, first: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = group.x * params.chunk;
  let end = min(start + params.chunk, params.quads);
  var sum = vec4f();
  for (var i = start + lane; i < end; i += WG) {
    let g = grad[i];
    sum += g * g;
  }
  let total = workgroup_sum(sum.x + sum.y + sum.z + sum.w, lane);
  if (lane == 0u) { partials[params.first + group.x] = total; }
}
