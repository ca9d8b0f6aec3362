// The last stage of Muon: param −= lr · (decay · param + scale · update).
//   param: (rows, parts · columns) as vec4   update: (…, rows, columns) as vec4
//   norm: (2) = norm, unscale   step: (3), the first is lr
// The matrices one behind the other, from `first` on, go back side by side. One invocation per vec4,
// in the order of the parameter.
override WG: u32 = 64u;
struct Params { rows: u32, quads: u32, parts: u32, first: u32, decay: f32, scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> update: array<vec4f>;
@group(0) @binding(2) var<storage, read> norm: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<f32>;
@group(0) @binding(4) var<storage, read_write> param: array<vec4f>;

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
  let row = i / width;
  let part = i % width / params.quads;
  let at = ((params.first + part) * params.rows + row) * params.quads + i % params.quads;
  let p = param[i];
  param[i] = p - step[0] * (params.decay * p + params.scale * update[at]);
}
