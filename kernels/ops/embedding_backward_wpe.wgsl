// dwpe[t] += Σ_b dropout(dout[b, t]).
//   dout: (B, T, C)   dwpe: (positions, C)   seed: (1)
// One invocation per element of the first T rows of dwpe, so that every sum has one owner; the
// loop over B is short and each of its reads is coalesced.
override WG: u32 = 64u;
struct Params { b: u32, tc: u32, threshold: u32, keep: f32, site: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dout: array<f32>;
@group(0) @binding(2) var<storage, read> seed: array<u32>;
@group(0) @binding(3) var<storage, read_write> dwpe: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= params.tc) { return; }
  let random = seed[0];
  var sum = 0.0;
  for (var b = 0u; b < params.b; b++) {
    let at = b * params.tc + i;
    sum += dout[at] *
      dropout_factor(params.threshold, params.keep, 0u, at, params.site, random);
  }
  dwpe[i] += sum;
}
