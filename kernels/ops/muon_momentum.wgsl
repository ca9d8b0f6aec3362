// The first stage of Muon (Jordan et al. 2024): momentum, and Nesterov's look ahead into `update`.
//   g = grad · unscale · clip,  clip = min(1, max_norm / (norm + 1e-6))
//   m += (1 − μ) (g − m),  update = g + μ (m − g)
//   grad, moment1: (rows, parts · columns) as vec4   update: (…, rows, columns) as vec4
//   norm: (2) = norm, unscale
// The parts side by side in the parameter become matrices one behind the other, from `first` on,
// counted in matrices. One invocation per vec4, in the order of the parameter.
override WG: u32 = 64u;
struct Params { rows: u32, quads: u32, parts: u32, first: u32, momentum: f32, max_norm: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<vec4f>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read_write> moment1: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> update: array<vec4f>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  let width = params.parts * params.quads;
  if (i >= params.rows * width) { return; }
  if (norm[1] == 0.0) { return; } // the gradient overflowed: nothing changes
  var clip = 1.0;
  if (params.max_norm > 0.0) { clip = min(1.0, params.max_norm / (norm[0] + 1e-6)); }
  let g = grad[i] * (norm[1] * clip);
  let m = moment1[i] + (1.0 - params.momentum) * (g - moment1[i]);
  moment1[i] = m;
  let row = i / width;
  let part = i % width / params.quads;
  let at = ((params.first + part) * params.rows + row) * params.quads + i % params.quads;
  update[at] = g + params.momentum * (m - g);
}
