/**
 * Causal multi-head self-attention on the packed qkv of Hugging Face's c_attn, flash-style: the
 * (B, NH, T, T) weights are never written. Backward recomputes them from each query's log-sum-exp.
 */

import type { Gpu } from "../core/device.ts";
import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import {
  attentionBackwardKeyCode,
  attentionBackwardQueryCode,
  attentionForwardCode,
  type AttentionText,
  type Blocking,
} from "./attention_code.ts";
import { subgroupBlocking } from "./attention_subgroup.ts";
import { tileBlocking } from "./attention_tile.ts";
import { type Dropout, dropoutFunctions, dropoutParams } from "./dropout.ts";
import deltaWgsl from "./attention_backward_delta.wgsl" with { type: "text" };

const params = {
  t: "u32",
  heads: "u32",
  scale: "f32",
  threshold: "u32",
  keep: "f32",
  site: "u32",
} as const;

export const attentionDelta = defineKernel({
  label: "attention_backward_delta",
  code: deltaWgsl,
  params: { n: "u32", t: "u32", heads: "u32", quads: "u32" },
  bindings: { out: "read", dout: "read", delta: "read_write" },
  reals: ["out", "dout"],
  overrides: ["WG"],
});

const backwardBindings = {
  qkv: "read",
  dout: "read",
  lse: "read",
  delta: "read",
  seed: "read",
  dqkv: "read_write",
} as const;

type AttentionKernels = ReturnType<typeof defineKernels>;
const defined = new Map<string, AttentionKernels>();

/** The kernels for one head size and blocking, with or without dropout; defined once. */
export function attentionKernels(text: AttentionText): AttentionKernels {
  const name = `${text.blocking.name}_${text.headSize}${text.dropping ? "_dropout" : ""}`;
  let kernels = defined.get(name);
  if (!kernels) defined.set(name, kernels = defineKernels(name, text));
  return kernels;
}

function defineKernels(name: string, text: AttentionText) {
  return {
    forward: defineKernel({
      label: `attention_forward_${name}`,
      code: dropoutFunctions + attentionForwardCode(text),
      params,
      bindings: { qkv: "read", seed: "read", out: "read_write", lse: "read_write" },
      reals: ["qkv", "out"],
    }),
    backwardQuery: defineKernel({
      label: `attention_backward_query_${name}`,
      code: dropoutFunctions + attentionBackwardQueryCode(text),
      params,
      bindings: backwardBindings,
      reals: ["qkv", "dout", "dqkv"],
    }),
    backwardKey: defineKernel({
      label: `attention_backward_key_${name}`,
      code: dropoutFunctions + attentionBackwardKeyCode(text),
      params,
      bindings: backwardBindings,
      reals: ["qkv", "dout", "dqkv"],
    }),
  };
}

/** By subgroups where a CPU plays the GPU and barriers are dear, by tiles elsewhere. */
export function chooseBlocking({ software, subgroups }: Gpu): Blocking {
  const oneSize = subgroups && subgroups.min === subgroups.max && subgroups.max <= 16;
  return software && oneSize ? subgroupBlocking(subgroups.max) : tileBlocking;
}

export interface AttentionForward {
  /** (B, T, 3C): query, key and value of all heads side by side */
  qkv: Tensor;
  heads: number;
  /** (B, T, C) */
  out: Tensor;
  /** (B, NH, T): log Σ exp of each query's scores, kept for backward */
  lse: Tensor;
  /** Of the attention weights */
  dropout: Dropout;
}

/** out = dropout(softmax(q kᵀ / √head size)) v over the keys up to each query. */
export function attentionForward(
  recorder: Recorder,
  { qkv, heads, out, lse, dropout }: AttentionForward,
): void {
  const { b, t, settings, kernels, workgroups } = plan(recorder, out, heads, dropout);
  expectShape("qkv", qkv, [b, t, 3 * out.shape[2]]);
  expectShape("lse", lse, [b, heads, t]);
  recorder.dispatch(kernels.forward, {
    params: settings,
    tensors: { qkv, seed: dropout.seed, out, lse },
    workgroups,
  });
}

export interface AttentionBackward {
  qkv: Tensor;
  heads: number;
  /** What forward gave */
  out: Tensor;
  /** What forward gave */
  lse: Tensor;
  /** (B, T, C) */
  dout: Tensor;
  /** (B, T, 3C), overwritten */
  dqkv: Tensor;
  /** (B, NH, T): rowsum(dout ∘ out), overwritten */
  delta: Tensor;
  dropout: Dropout;
}

/** dqkv from dout. */
export function attentionBackward(
  recorder: Recorder,
  { qkv, heads, out, lse, dout, dqkv, delta, dropout }: AttentionBackward,
): void {
  const { b, t, quads, settings, kernels, workgroups } = plan(recorder, out, heads, dropout);
  for (const [name, tensor] of Object.entries({ qkv, dqkv })) {
    expectShape(name, tensor, [b, t, 3 * out.shape[2]]);
  }
  expectShape("dout", dout, out.shape);
  for (const [name, tensor] of Object.entries({ lse, delta })) {
    expectShape(name, tensor, [b, heads, t]);
  }
  const n = b * t * heads;
  recorder.dispatch(attentionDelta, {
    params: { n, t, heads, quads },
    tensors: { out, dout, delta },
    workgroups: spread(Math.ceil(n / 64)),
  });
  const tensors = { qkv, dout, lse, delta, seed: dropout.seed, dqkv };
  recorder.dispatch(kernels.backwardQuery, { params: settings, tensors, workgroups });
  recorder.dispatch(kernels.backwardKey, { params: settings, tensors, workgroups });
}

/** Sizes, kernels and workgroups. */
function plan({ gpu }: Recorder, out: Tensor, heads: number, dropout: Dropout) {
  const [b, t, c] = out.shape, headSize = c / heads;
  if (headSize % 4 !== 0) {
    throw new RangeError(
      `Cannot run attention with heads of ${headSize} dimensions: expected a multiple of 4; ` +
        "choose another n_embd or n_head",
    );
  }
  const blocking = chooseBlocking(gpu);
  return {
    b,
    t,
    quads: headSize / 4,
    settings: { t, heads, scale: 1 / Math.sqrt(headSize), ...dropoutParams(dropout) },
    kernels: attentionKernels({ headSize, blocking, dropping: dropout.probability > 0 }),
    workgroups: [Math.ceil(t / blocking.rows), b * heads] as const,
  };
}
