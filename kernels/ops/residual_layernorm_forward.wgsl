// sum = a + dropout(b); out = weight · (sum − mean) · rstd + bias over the last axis.
//   a, b, sum, out: (N, C)   weight, bias: (C)   seed: (1)
//   stats: mean of the N rows, and from `stride` on their rstd: one binding, as WebGPU guarantees
//   only 8 of them
// One workgroup per row, lanes stride over C; each lane re-reads only what it wrote itself.
// Fused, because the sum would otherwise be written once and read once more.
struct Params { n: u32, c: u32, eps: f32, threshold: u32, keep: f32, site: u32, stride: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<real>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read> seed: array<u32>;
@group(0) @binding(6) var<storage, read_write> sum: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<real>;
@group(0) @binding(8) var<storage, read_write> stats: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.n) { return; }
  let start = row * params.c;
  let random = seed[0];

  var total = 0.0;
  for (var c = lane; c < params.c; c += WG) {
    let i = start + c;
    let factor = dropout_factor(params.threshold, params.keep, 0u, i, params.site, random);
    let x = a[i] + f32(b[i]) * factor;
    sum[i] = x;
    total += x;
  }
  let m = workgroup_sum(total, lane) / f32(params.c);

  var squares = 0.0;
  for (var c = lane; c < params.c; c += WG) {
    let x = sum[start + c] - m;
    squares += x * x;
  }
  let r = inverseSqrt(workgroup_sum(squares, lane) / f32(params.c) + params.eps);

  for (var c = lane; c < params.c; c += WG) {
    out[start + c] = real(weight[c] * ((sum[start + c] - m) * r) + bias[c]);
  }
  if (lane == 0u) {
    stats[row] = m;
    stats[params.stride + row] = r;
  }
}
