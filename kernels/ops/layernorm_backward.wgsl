// With x̂ = (inp − mean) · rstd and g = dout · weight, per row:
//   dinp = rstd · (g − mean(g) − x̂ · mean(g · x̂)), added to what dinp holds if `accumulate` is 1.
//   dout, inp, dinp: (N, C)   weight: (C)   mean, rstd: (N)
// One workgroup per row, lanes stride over C: the two sums are over a row, which the cache still
// holds for the second pass. The gradients of weight and bias are column sums and have their own
// kernel.
struct Params { n: u32, c: u32, accumulate: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dout: array<real>;
@group(0) @binding(2) var<storage, read> inp: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read> rstd: array<f32>;
@group(0) @binding(6) var<storage, read_write> dinp: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.n) { return; }
  let start = row * params.c;
  let m = mean[row];
  let r = rstd[row];

  var sum = 0.0;
  var dot = 0.0;
  for (var c = lane; c < params.c; c += WG) {
    let g = f32(dout[start + c]) * weight[c];
    sum += g;
    dot += g * (inp[start + c] - m) * r;
  }
  let mean_g = workgroup_sum(sum, lane) / f32(params.c);
  let mean_dot = workgroup_sum(dot, lane) / f32(params.c);

  for (var c = lane; c < params.c; c += WG) {
    let i = start + c;
    let x = (inp[i] - m) * r;
    let d = r * (f32(dout[i]) * weight[c] - mean_g - x * mean_dot);
    dinp[i] = select(d, dinp[i] + d, params.accumulate == 1u);
  }
}
