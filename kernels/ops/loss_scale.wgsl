// Dynamic loss scaling (Micikevicius et al. 2018): gradients arrive multiplied by `scale`, so that
// small ones do not vanish in f16. Where one has overflowed, its norm is not finite; then the step
// is left out and the scale halved. After `interval` steps without overflow it doubles.
//   norm: (2): in, the norm of the scaled gradients; out, the norm of the gradients and what adamw
//   multiplies them by: 1 / scale, or 0 to leave the step out
//   loss_scale: (3) = scale of the next step, steps since it changed, scale of this step
// One invocation: three numbers, which no other could help with. At a scale of 1 an overflow is no
// matter of scaling: the NaN goes on to be seen.
struct Params { interval: f32, largest: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> norm: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss_scale: array<f32>;

@compute @workgroup_size(1)
fn main() {
  let scale = loss_scale[0];
  let steps = loss_scale[1] + 1.0;
  let scaled = norm[0];
  // Infinity and NaN by their bits: a compiler may assume that there are none.
  let finite = (bitcast<u32>(scaled) & 0x7f800000u) != 0x7f800000u;
  let grows = finite && steps >= params.interval;
  let grown = select(scale, min(2.0 * scale, params.largest), grows);
  norm[0] = scaled / scale;
  norm[1] = select(0.0, 1.0 / scale, finite || scale == 1.0);
  loss_scale[0] = select(max(0.5 * scale, 1.0), grown, finite);
  loss_scale[1] = select(0.0, steps, finite && !grows);
  loss_scale[2] = scale;
}
