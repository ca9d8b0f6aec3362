// delta[b, h, t] = Σ dout · out over the dimensions of a head: the part of softmax's backward that
// is the same for all keys of a query.
//   out, dout: (B, T, NH, 4 · quads)   delta: (B, NH, T)
// One invocation per query and head, in the order of memory: a sum of 16 vec4 at head size 64 is
// too short to be shared, and neighbouring invocations read neighbouring heads.
override WG: u32 = 64u;
struct Params { n: u32, t: u32, heads: u32, quads: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> out: array<vec4<real>>;
@group(0) @binding(2) var<storage, read> dout: array<vec4<real>>;
@group(0) @binding(3) var<storage, read_write> delta: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= params.n) { return; }
  var sum = vec4f();
  for (var quad = 0u; quad < params.quads; quad++) {
    let at = i * params.quads + quad;
    sum += vec4f(out[at]) * vec4f(dout[at]);
  }
  let h = i % params.heads;
  let position = i / params.heads;
  let b = position / params.t;
  let t = position % params.t;
  delta[(b * params.heads + h) * params.t + t] = (sum.x + sum.y) + (sum.z + sum.w);
}
