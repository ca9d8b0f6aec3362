/** The classifier's end: softmax, cross-entropy and their gradient, in chunks of rows. */

import type { Recorder } from "../core/recorder.ts";
import { spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import { defineReduction, type Tuning } from "./reduction.ts";
import crossEntropyWgsl from "./cross_entropy.wgsl" with { type: "text" };
import sumLossesWgsl from "./sum_losses.wgsl" with { type: "text" };

export const crossEntropyKernel = defineReduction({
  label: "cross_entropy",
  code: crossEntropyWgsl,
  params: { rows: "u32", v: "u32", first: "u32", gradient: "u32", scale: "f32" },
  bindings: {
    targets: "read",
    loss_scale: "read",
    logits: "read_write",
    losses: "read_write",
  },
  reals: ["logits"],
});

export const sumLossesKernel = defineReduction({
  label: "sum_losses",
  code: sumLossesWgsl,
  params: { n: "u32", scale: "f32" },
  bindings: { losses: "read", out: "read_write" },
});

export interface CrossEntropy {
  /** (rows, V): logits of rows `first` to `first + rows − 1`; overwritten with their gradient */
  logits: Tensor;
  /** i32, N elements */
  targets: Tensor;
  /** N elements; `rows` of them are written */
  losses: Tensor;
  first: number;
  /** Its first element multiplies the gradient once more; 1 outside of f16. */
  lossScale: Tensor;
  /** What the gradient is multiplied by, 1 / (tokens of the step); without it logits stay. */
  gradientScale?: number;
}

/** Loss of every row in nats; logits become (softmax − onehot(target)) · gradientScale · lossScale. */
export function crossEntropy(
  recorder: Recorder,
  { logits, targets, losses, first, lossScale, gradientScale }: CrossEntropy,
  tuning?: Tuning,
): void {
  const [rows, v] = logits.shape;
  expectShape("losses", losses, targets.shape);
  if (first + rows > targets.size) {
    throw new RangeError(`rows ${first} to ${first + rows} of ${targets.size} targets`);
  }
  const { kernel, overrides } = crossEntropyKernel.choose(recorder.gpu, tuning);
  const gradient = gradientScale === undefined ? 0 : 1;
  recorder.dispatch(kernel, {
    params: { rows, v, first, gradient, scale: gradientScale ?? 0 },
    tensors: { targets, loss_scale: lossScale, logits, losses },
    overrides,
    workgroups: spread(rows),
  });
}

export interface SumLosses {
  losses: Tensor;
  /** (1), accumulated */
  out: Tensor;
  scale: number;
}

/** out += scale · Σ losses; with scale = 1 / (tokens of the step), their mean. */
export function sumLosses(
  recorder: Recorder,
  { losses, out, scale }: SumLosses,
  tuning?: Tuning,
): void {
  const { kernel, overrides } = sumLossesKernel.choose(recorder.gpu, tuning);
  recorder.dispatch(kernel, {
    params: { n: losses.size, scale },
    tensors: { losses, out },
    overrides,
    workgroups: [1],
  });
}
