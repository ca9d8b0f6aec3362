/** Gradient clipping by global norm (Pascanu et al. 2013) in float64: the oracle of kernels/ops/grad_norm. */

/** The L2 norm over all gradients together. */
export function globalNorm(gradients: Iterable<Float64Array>): number {
  let sum = 0;
  for (const gradient of gradients) for (const value of gradient) sum += value * value;
  return Math.sqrt(sum);
}

/**
 * What gradients are multiplied by so that their norm is at most `maxNorm`; 0 turns clipping off.
 * The 1e-6 is PyTorch's (`clip_grad_norm_`).
 */
export function clipScale(norm: number, maxNorm: number): number {
  return maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
}
