/** AdamW (Loshchilov & Hutter 2019) in float64: the oracle of kernels/ops/adamw. */

export interface AdamwHyperparameters {
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
}

export interface AdamwState {
  param: Float64Array;
  moment1: Float64Array;
  moment2: Float64Array;
}

/**
 * One update in place; `step` counts from 1. As in PyTorch, decay comes first and eps is added
 * after the bias correction of the second moment.
 */
export function adamwUpdate(
  { param, moment1, moment2 }: AdamwState,
  grad: Float64Array,
  step: number,
  { learningRate, beta1, beta2, eps, weightDecay }: AdamwHyperparameters,
): void {
  const correction1 = 1 - beta1 ** step, correction2 = 1 - beta2 ** step;
  for (let i = 0; i < param.length; i++) {
    moment1[i] = beta1 * moment1[i] + (1 - beta1) * grad[i];
    moment2[i] = beta2 * moment2[i] + (1 - beta2) * grad[i] ** 2;
    const update = moment1[i] / correction1 / (Math.sqrt(moment2[i] / correction2) + eps);
    param[i] -= learningRate * (weightDecay * param[i] + update);
  }
}
