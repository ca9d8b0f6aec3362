/** GELU in GPT-2's tanh approximation (Hendrycks & Gimpel 2016). */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import type { Tuning } from "./reduction.ts";
import geluWgsl from "./gelu.wgsl" with { type: "text" };
import forwardWgsl from "./gelu_forward.wgsl" with { type: "text" };
import backwardWgsl from "./gelu_backward.wgsl" with { type: "text" };

/** WGSL functions `gelu` and `gelu_slope`, for epilogues. */
export const geluFunctions = geluWgsl;

export const geluForwardKernel = defineKernel({
  label: "gelu_forward",
  code: geluFunctions + forwardWgsl,
  params: { n: "u32" },
  bindings: { inp: "read", out: "read_write" },
  overrides: ["WG"],
});

export const geluBackwardKernel = defineKernel({
  label: "gelu_backward",
  code: geluFunctions + backwardWgsl,
  params: { n: "u32" },
  bindings: { inp: "read", d: "read_write" },
  overrides: ["WG"],
});

export interface GeluForward {
  inp: Tensor;
  /** The shape of inp */
  out: Tensor;
}

/** out = gelu(inp), elementwise. */
export function geluForward(
  recorder: Recorder,
  { inp, out }: GeluForward,
  { workgroup = 64 }: Tuning = {},
): void {
  expectShape("out", out, inp.shape);
  recorder.dispatch(geluForwardKernel, {
    params: { n: inp.size },
    tensors: { inp, out },
    overrides: { WG: workgroup },
    workgroups: spread(Math.ceil(inp.size / workgroup)),
  });
}

export interface GeluBackward {
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
