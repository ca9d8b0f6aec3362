/** Dropout with a counter-based generator: nothing is stored, and a run repeats exactly. */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import type { Tuning } from "./reduction.ts";
import dropoutWgsl from "./dropout.wgsl" with { type: "text" };
import dropoutBackwardWgsl from "./dropout_backward.wgsl" with { type: "text" };

/** WGSL functions `pcg4d` and `dropout_factor`, for kernels that drop out on the way. */
export const dropoutFunctions = dropoutWgsl;

/** One place in the model where values are dropped. */
export interface Dropout {
  /** Probability of a zero, 0 ≤ p < 1; 0 turns dropout off. */
  probability: number;
  /** Differs for every place in the model. */
  site: number;
  /** (1) u32 on the device; differs for every training step and micro-batch. */
  seed: Tensor;
}

/** The fields of `Params` of a kernel that drops out. */
export const dropoutParams = ({ probability, site }: Dropout) => ({
  threshold: Math.floor(probability * 2 ** 32),
  keep: 1 / (1 - probability),
  site,
});

/** Where the model drops out; every layer has three places. */
export const dropoutSites = {
  embedding: 0,
  attentionWeights: (layer: number) => 1 + 3 * layer,
  attentionOutput: (layer: number) => 2 + 3 * layer,
  mlpOutput: (layer: number) => 3 + 3 * layer,
};

export const dropoutBackwardKernel = defineKernel({
  label: "dropout_backward",
  code: dropoutFunctions + dropoutBackwardWgsl,
  params: { n: "u32", threshold: "u32", keep: "f32", site: "u32" },
  bindings: { dout: "read", seed: "read", dinp: "read_write" },
  reals: ["dinp"],
  overrides: ["WG"],
});

export interface DropoutBackward {
  dout: Tensor;
  /** The shape of dout, overwritten */
  dinp: Tensor;
  dropout: Dropout;
}

/** dinp = dout where the forward pass kept its value, scaled by 1/(1 − p); 0 elsewhere. */
export function dropoutBackward(
  recorder: Recorder,
  { dout, dinp, dropout }: DropoutBackward,
  { workgroup = 64 }: Tuning = {},
): void {
  expectShape("dinp", dinp, dout.shape);
  recorder.dispatch(dropoutBackwardKernel, {
    params: { n: dout.size, ...dropoutParams(dropout) },
    tensors: { dout, seed: dropout.seed, dinp },
    overrides: { WG: workgroup },
    workgroups: spread(Math.ceil(dout.size / workgroup)),
  });
}
