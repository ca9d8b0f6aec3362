// GELU in GPT-2's tanh approximation and its slope; for kernels of their own and for epilogues.
//   gelu(x) = ½ x (1 + tanh z) = x · sigmoid(2z),   z = √(2/π) (x + 0.044715 x³)
// The sigmoid needs one exp where tanh needs two. Past |z| = 15 it is 0 or 1 in f32 and is clamped
// there, so that exp cannot overflow.
const GELU_SCALE = 0.7978845608028654;
const GELU_CUBIC = 0.044715;

fn gelu_sigmoid(x: f32) -> f32 {
  let z = clamp(GELU_SCALE * (x + GELU_CUBIC * x * x * x), -15.0, 15.0);
  return 1.0 / (1.0 + exp(-2.0 * z));
}

fn gelu(x: f32) -> f32 {
  return x * gelu_sigmoid(x);
}

// d gelu / dx = s + x s (1 − s) · 2 dz/dx,   s = sigmoid(2z)
fn gelu_slope(x: f32) -> f32 {
  let s = gelu_sigmoid(x);
  let dz = GELU_SCALE * (1.0 + 3.0 * GELU_CUBIC * x * x);
  return s + 2.0 * x * s * (1.0 - s) * dz;
}
