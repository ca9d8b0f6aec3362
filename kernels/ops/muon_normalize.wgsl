// x ← x / max(‖x‖, eps), Frobenius' norm, for each of many matrices.
//   x: (matrices, quads) as vec4
// One workgroup per matrix, which reads it twice: there are few, and the products that follow cost
// far more.
struct Params { quads: u32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = group.x * params.quads;
  let end = start + params.quads;
  var squares = vec4f();
  for (var i = start + lane; i < end; i += WG) { squares += x[i] * x[i]; }
  let total = workgroup_sum(squares.x + squares.y + squares.z + squares.w, lane);
  let factor = 1.0 / max(sqrt(total), params.eps);
  for (var i = start + lane; i < end; i += WG) { x[i] *= factor; }
}
