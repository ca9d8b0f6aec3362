// dinp = dout · dropout factor, elementwise.
//   dout, dinp: (n)   seed: (1)
// One invocation per element in the order of memory, which is all that it waits for; workgroups in
// x and y, because one axis ends at 65,535.
override WG: u32 = 64u;
struct Params { n: u32, threshold: u32, keep: f32, site: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dout: array<f32>;
@group(0) @binding(2) var<storage, read> seed: array<u32>;
@group(0) @binding(3) var<storage, read_write> dinp: array<real>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= params.n) { return; }
  let factor = dropout_factor(params.threshold, params.keep, 0u, i, params.site, seed[0]);
  dinp[i] = real(dout[i] * factor);
}
