/** The backward of GELU (Hendrycks & Gimpel 2016); its forward is an epilogue of the matmul before. */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import type { Tuning } from "./reduction.ts";
import backwardWgsl from "./gelu_backward.wgsl" with { type: "text" };

export const geluBackwardKernel = defineKernel({
  label: "gelu_backward",
  code: backwardWgsl,
  params: { n: "u32" },
  bindings: { inp: "read", d: "read_write" },
  reals: ["inp", "d"],
  overrides: ["WG"],
});

export interface GeluBackward {
  /** What forward stored as `pre` */
  inp: Tensor;
  /** The shape of inp: dout before, dinp after */
  d: Tensor;
}

/** d = d · gelu′(inp), elementwise and in place. */
export function geluBackward(
  recorder: Recorder,
  { inp, d }: GeluBackward,
  { workgroup = 64 }: Tuning = {},
): void {
  expectShape("d", d, inp.shape);
  recorder.dispatch(geluBackwardKernel, {
    params: { n: inp.size },
    tensors: { inp, d },
    overrides: { WG: workgroup },
    workgroups: spread(Math.ceil(inp.size / workgroup)),
  });
}
