// out[b, t] = dropout(wte[tokens[b, t]] + wpe[t]).
//   tokens: (B, T)   wte: (count, C)   wpe: (positions, C)   out: (B, T, C)   seed: (1)
// wte may be a band of its rows: tokens outside of first .. first + count are left to other bands.
// One invocation per element, in the order of out: the rows that are gathered are contiguous, so
// that reads and writes are coalesced; workgroups in x and y, because one axis ends at 65,535.
override WG: u32 = 64u;
struct Params {
  n: u32, t: u32, c: u32, first: u32, count: u32, threshold: u32, keep: f32, site: u32
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tokens: array<i32>;
@group(0) @binding(2) var<storage, read> wte: array<f32>;
@group(0) @binding(3) var<storage, read> wpe: array<f32>;
@group(0) @binding(4) var<storage, read> seed: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= params.n) { return; }
  let row = i / params.c;
  let c = i % params.c;
  let token = u32(tokens[row]) - params.first; // wraps below the band
  if (token >= params.count) { return; }
  let sum = wte[token * params.c + c] + wpe[(row % params.t) * params.c + c];
  out[i] = sum * dropout_factor(params.threshold, params.keep, 0u, i, params.site, seed[0]);
}
