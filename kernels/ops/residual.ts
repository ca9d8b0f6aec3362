/** The residual connection. Its backward needs no kernel: dout goes to both sides. */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import { type Dropout, dropoutFunctions, dropoutParams } from "./dropout.ts";
import type { Tuning } from "./reduction.ts";
import forwardWgsl from "./residual_forward.wgsl" with { type: "text" };

export const residualForwardKernel = defineKernel({
  label: "residual_forward",
  code: dropoutFunctions + forwardWgsl,
  params: { n: "u32", threshold: "u32", keep: "f32", site: "u32" },
  bindings: { a: "read", b: "read", seed: "read", out: "read_write" },
  overrides: ["WG"],
});

export interface ResidualForward {
  a: Tensor;
  /** The shape of a; dropped out before it is added */
  b: Tensor;
  /** The shape of a */
  out: Tensor;
  dropout: Dropout;
}

/** out = a + dropout(b), elementwise. */
export function residualForward(
  recorder: Recorder,
  { a, b, out, dropout }: ResidualForward,
  { workgroup = 64 }: Tuning = {},
): void {
  expectShape("b", b, a.shape);
  expectShape("out", out, a.shape);
  recorder.dispatch(residualForwardKernel, {
    params: { n: a.size, ...dropoutParams(dropout) },
    tensors: { a, b, seed: dropout.seed, out },
    overrides: { WG: workgroup },
    workgroups: spread(Math.ceil(a.size / workgroup)),
  });
}
