/** AdamW (Loshchilov & Hutter 2019) over flat buffers of many tensors, with gradient clipping. */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import type { Tuning } from "./reduction.ts";
import adamwWgsl from "./adamw.wgsl" with { type: "text" };

export const adamwKernel = defineKernel({
  label: "adamw",
  code: adamwWgsl,
  params: { quads: "u32", rate1: "f32", rate2: "f32", eps: "f32", max_norm: "f32" },
  bindings: {
    grad: "read",
    decay: "read",
    norm: "read",
    step: "read",
    param: "read_write",
    moment1: "read_write",
    moment2: "read_write",
  },
  overrides: ["WG"],
});

/** Values that share one weight decay: 256 bytes, the alignment of packed tensors. */
export const DECAY_BLOCK = 64;

export interface Adamw {
  /** (n) flat, n a multiple of 64, as `Arena.pack` makes it */
  param: Tensor;
  /** (n) */
  grad: Tensor;
  /** (n) */
  moment1: Tensor;
  /** (n) */
  moment2: Tensor;
  /** (n / 64): the weight decay of each block; below 0 the block is left as it is */
  decay: Tensor;
  /** (2): the norm of all gradients, and what they are multiplied by; 0 leaves the step out */
  norm: Tensor;
  /** (3): what `adamwStep` gives, written before every step */
  step: Tensor;
  beta1: number;
  beta2: number;
  eps: number;
  /** The norm to which gradients are scaled down; 0 turns clipping off. */
  maxNorm: number;
}

/** One update of param, moment1 and moment2. */
export function adamw(
  recorder: Recorder,
  { param, grad, moment1, moment2, decay, norm, step, beta1, beta2, eps, maxNorm }: Adamw,
  { workgroup = 64 }: Tuning = {},
): void {
  const n = param.size;
  if (n % DECAY_BLOCK !== 0) throw new RangeError(`${param.label} has ${n} elements`);
  for (const [name, tensor] of Object.entries({ grad, moment1, moment2 })) {
    expectShape(name, tensor, param.shape);
  }
  expectShape("decay", decay, [n / DECAY_BLOCK]);
  expectShape("norm", norm, [2]);
  expectShape("step", step, [3]);
  recorder.dispatch(adamwKernel, {
    params: { quads: n / 4, rate1: 1 - beta1, rate2: 1 - beta2, eps, max_norm: maxNorm },
    tensors: { grad, decay, norm, step, param, moment1, moment2 },
    overrides: { WG: workgroup },
    workgroups: spread(Math.ceil(n / 4 / workgroup)),
  });
}

/** What changes from step to step: learning rate and bias corrections. `step` counts from 1. */
export function adamwStep(
  step: number,
  learningRate: number,
  { beta1, beta2 }: { beta1: number; beta2: number },
): Float32Array<ArrayBuffer> {
  return new Float32Array([learningRate, 1 - beta1 ** step, 1 - beta2 ** step]);
}
