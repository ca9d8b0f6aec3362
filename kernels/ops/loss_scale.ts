/** Loss scaling for f16, and the f16 copies of weights; masters and optimizer stay in f32. */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import lossScaleWgsl from "./loss_scale.wgsl" with { type: "text" };
import toF16Wgsl from "./to_f16.wgsl" with { type: "text" };

export const lossScaleKernel = defineKernel({
  label: "loss_scale",
  code: lossScaleWgsl,
  params: { interval: "f32", largest: "f32" },
  bindings: { norm: "read_write", loss_scale: "read_write" },
});

export const toF16Kernel = defineKernel({
  label: "to_f16",
  code: toF16Wgsl,
  params: { n: "u32" },
  bindings: { inp: "read", out: "read_write" },
  reals: ["out"],
  overrides: ["WG"],
});

/** What PyTorch's GradScaler starts with, and after how many good steps it doubles. */
export const INITIAL_LOSS_SCALE = 2 ** 16;
const GROWTH_INTERVAL = 2000;

/** From here on the loss itself would overflow on its way through f32. */
const LARGEST_LOSS_SCALE = 2 ** 24;

/** Judges the gradients of a step by their norm; goes between `gradNorm` and `adamw`. */
export function updateLossScale(
  recorder: Recorder,
  { norm, lossScale }: {
    /** (2) */
    norm: Tensor;
    /** (3) */
    lossScale: Tensor;
  },
): void {
  expectShape("norm", norm, [2]);
  expectShape("lossScale", lossScale, [3]);
  recorder.dispatch(lossScaleKernel, {
    params: { interval: GROWTH_INTERVAL, largest: LARGEST_LOSS_SCALE },
    tensors: { norm, loss_scale: lossScale },
    workgroups: [1],
  });
}

/** out = inp in f16; both of the same shape. */
export function toF16(recorder: Recorder, { inp, out }: { inp: Tensor; out: Tensor }): void {
  expectShape("out", out, inp.shape);
  const n = inp.size;
  recorder.dispatch(toF16Kernel, {
    params: { n },
    tensors: { inp, out },
    overrides: { WG: 64 },
    workgroups: spread(Math.ceil(n / 64)),
  });
}
