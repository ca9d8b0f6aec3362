// One AdamW step (Loshchilov & Hutter 2019) over a flat buffer that holds many tensors:
//   g = grad · unscale · clip,  clip = min(1, max_norm / (norm + 1e-6))
//   m += rate1 (g − m),  v += rate2 (g² − v),  where rate1 = 1 − β₁ and rate2 = 1 − β₂
//   param −= lr · (decay · param + m / correction1 / (√(v / correction2) + eps))
//   param, grad, moment1, moment2: (n) as n/4 vec4
//   decay: (n/64), one value per 256 bytes; below 0 where another optimizer is at work
//   norm: (2) = norm, unscale
//   step: (3) = lr, correction1, correction2, where correction = 1 − β^t
// One invocation per vec4: seven streams of memory and hardly any arithmetic, so that nothing is
// gained by sharing; 16 bytes a read in the order of memory keep all streams coalesced. Every
// tensor starts at a multiple of 256 bytes, so that a block of 64 values never belongs to two.
override WG: u32 = 64u;
struct Params { quads: u32, rate1: f32, rate2: f32, eps: f32, max_norm: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<vec4f>;
@group(0) @binding(2) var<storage, read> decay: array<f32>;
@group(0) @binding(3) var<storage, read> norm: array<f32>;
@group(0) @binding(4) var<storage, read> step: array<f32>;
@group(0) @binding(5) var<storage, read_write> param: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> moment1: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> moment2: array<vec4f>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= params.quads) { return; }
  if (norm[1] == 0.0) { return; } // the gradient overflowed: nothing changes
  let rate = decay[i / 16u];
  if (rate < 0.0) { return; }
  var clip = 1.0;
  if (params.max_norm > 0.0) { clip = min(1.0, params.max_norm / (norm[0] + 1e-6)); }
  let g = grad[i] * (norm[1] * clip);
  let m = moment1[i] + params.rate1 * (g - moment1[i]);
  let v = moment2[i] + params.rate2 * (g * g - moment2[i]);
  moment1[i] = m;
  moment2[i] = v;
  let update = m / step[1] / (sqrt(v / step[2]) + params.eps);
  let p = param[i];
  param[i] = p - step[0] * (rate * p + update);
}
