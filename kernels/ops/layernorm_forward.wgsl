// out = weight · (inp − mean) · rstd + bias over the last axis, rstd = 1/√(variance + eps).
//   inp, out: (N, C)   weight, bias: (C)   mean, rstd: (N)
// One workgroup per row, lanes stride over C. Three passes over a row that the cache still holds:
// the variance from the mean, not from the sum of squares, which would cancel.
struct Params { n: u32, c: u32, eps: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> inp: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<real>;
@group(0) @binding(5) var<storage, read_write> mean: array<f32>;
@group(0) @binding(6) var<storage, read_write> rstd: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.n) { return; }
  let start = row * params.c;

  var sum = 0.0;
  for (var c = lane; c < params.c; c += WG) { sum += inp[start + c]; }
  let m = workgroup_sum(sum, lane) / f32(params.c);

  var squares = 0.0;
  for (var c = lane; c < params.c; c += WG) {
    let x = inp[start + c] - m;
    squares += x * x;
  }
  let r = inverseSqrt(workgroup_sum(squares, lane) / f32(params.c) + params.eps);

  for (var c = lane; c < params.c; c += WG) {
    out[start + c] = real(weight[c] * ((inp[start + c] - m) * r) + bias[c]);
  }
  if (lane == 0u) {
    mean[row] = m;
    rstd[row] = r;
  }
}
