/**
 * Causal multi-head self-attention on the packed qkv of Hugging Face's c_attn, flash-style: the
 * (B, NH, T, T) weights are never written. Backward recomputes them from each query's log-sum-exp.
 */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import {
  attentionBackwardKeyCode,
  attentionBackwardQueryCode,
  attentionForwardCode,
  KEYS,
  QUERIES,
} from "./attention_tile.ts";
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
  overrides: ["WG"],
});

/** The kernels for heads of one size. */
export const attentionKernels = once((headSize) => ({
  forward: defineKernel({
    label: `attention_forward_${headSize}`,
    code: dropoutFunctions + attentionForwardCode(headSize),
    params,
    bindings: { qkv: "read", seed: "read", out: "read_write", lse: "read_write" },
  }),
  backwardQuery: defineKernel({
    label: `attention_backward_query_${headSize}`,
    code: dropoutFunctions + attentionBackwardQueryCode(headSize),
    params,
    bindings: {
      qkv: "read",
      dout: "read",
      lse: "read",
      delta: "read",
      seed: "read",
      dqkv: "read_write",
    },
  }),
  backwardKey: defineKernel({
    label: `attention_backward_key_${headSize}`,
    code: dropoutFunctions + attentionBackwardKeyCode(headSize),
    params,
    bindings: {
      qkv: "read",
      dout: "read",
      lse: "read",
      delta: "read",
      seed: "read",
      dqkv: "read_write",
    },
  }),
}));

/** Remembers what `make` gave for each head size. */
function once<T>(make: (headSize: number) => T): (headSize: number) => T {
  const made = new Map<number, T>();
  return (headSize) => {
    if (!made.has(headSize)) made.set(headSize, make(headSize));
    return made.get(headSize)!;
  };
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
  const { b, t, headSize, settings } = sizesOf(out, heads, dropout);
  expectShape("qkv", qkv, [b, t, 3 * out.shape[2]]);
  expectShape("lse", lse, [b, heads, t]);
  recorder.dispatch(attentionKernels(headSize).forward, {
    params: settings,
    tensors: { qkv, seed: dropout.seed, out, lse },
    workgroups: [Math.ceil(t / QUERIES), b * heads],
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
  const { b, t, headSize, settings } = sizesOf(out, heads, dropout);
  for (const [name, tensor] of Object.entries({ qkv, dqkv })) {
    expectShape(name, tensor, [b, t, 3 * out.shape[2]]);
  }
  expectShape("dout", dout, out.shape);
  for (const [name, tensor] of Object.entries({ lse, delta })) {
    expectShape(name, tensor, [b, heads, t]);
  }
  const n = b * t * heads;
  recorder.dispatch(attentionDelta, {
    params: { n, t, heads, quads: headSize / 4 },
    tensors: { out, dout, delta },
    workgroups: spread(Math.ceil(n / 64)),
  });
  const { backwardQuery, backwardKey } = attentionKernels(headSize);
  const tensors = { qkv, dout, lse, delta, seed: dropout.seed, dqkv };
  recorder.dispatch(backwardQuery, {
    params: settings,
    tensors,
    workgroups: [Math.ceil(t / QUERIES), b * heads],
  });
  recorder.dispatch(backwardKey, {
    params: settings,
    tensors,
    workgroups: [Math.ceil(t / KEYS), b * heads],
  });
}

function sizesOf(out: Tensor, heads: number, dropout: Dropout) {
  const [b, t, c] = out.shape, headSize = c / heads;
  if (headSize % 4 !== 0) {
    throw new RangeError(
      `Cannot run attention with heads of ${headSize} dimensions: expected a multiple of 4; ` +
        "choose another n_embd or n_head",
    );
  }
  const scale = 1 / Math.sqrt(headSize);
  return { b, t, headSize, settings: { t, heads, scale, ...dropoutParams(dropout) } };
}
