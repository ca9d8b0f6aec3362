/** Token and position embedding, with dropout; gradients without atomics. */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, rowBands, type Tensor } from "../core/tensor.ts";
import { type Dropout, dropoutFunctions, dropoutParams } from "./dropout.ts";
import type { Tuning } from "./reduction.ts";
import { tokenIndexLength } from "./token_index.ts";
import forwardWgsl from "./embedding_forward.wgsl" with { type: "text" };
import backwardWteWgsl from "./embedding_backward_wte.wgsl" with { type: "text" };
import backwardWpeWgsl from "./embedding_backward_wpe.wgsl" with { type: "text" };

export const embeddingForwardKernel = defineKernel({
  label: "embedding_forward",
  code: dropoutFunctions + forwardWgsl,
  params: {
    n: "u32",
    t: "u32",
    c: "u32",
    first: "u32",
    count: "u32",
    threshold: "u32",
    keep: "f32",
    site: "u32",
  },
  bindings: { tokens: "read", wte: "read", wpe: "read", seed: "read", out: "read_write" },
  overrides: ["WG"],
});

export const embeddingBackwardWte = defineKernel({
  label: "embedding_backward_wte",
  code: dropoutFunctions + backwardWteWgsl,
  params: {
    n: "u32",
    c: "u32",
    first: "u32",
    count: "u32",
    threshold: "u32",
    keep: "f32",
    site: "u32",
  },
  bindings: { dout: "read", index: "read", seed: "read", dwte: "read_write" },
  overrides: ["COLUMNS", "ROWS"],
});

export const embeddingBackwardWpe = defineKernel({
  label: "embedding_backward_wpe",
  code: dropoutFunctions + backwardWpeWgsl,
  params: { b: "u32", tc: "u32", threshold: "u32", keep: "f32", site: "u32" },
  bindings: { dout: "read", seed: "read", dwpe: "read_write" },
  overrides: ["WG"],
});

export interface EmbeddingForward {
  /** (B, T) i32 */
  tokens: Tensor;
  /** (V, C) */
  wte: Tensor;
  /** (positions, C), positions ≥ T */
  wpe: Tensor;
  /** (B, T, C) */
  out: Tensor;
  dropout: Dropout;
}

/** out[b, t] = dropout(wte[tokens[b, t]] + wpe[t]). */
export function embeddingForward(
  recorder: Recorder,
  { tokens, wte, wpe, out, dropout }: EmbeddingForward,
  { workgroup = 64 }: Tuning = {},
): void {
  const [b, t] = tokens.shape, [, c] = wte.shape;
  expectShape("out", out, [b, t, c]);
  expectPositions("wpe", wpe, t, c);
  for (const { first, count, rows } of rowBands(recorder.gpu, wte)) {
    recorder.dispatch(embeddingForwardKernel, {
      params: { n: out.size, t, c, first, count, ...dropoutParams(dropout) },
      tensors: { tokens, wte: rows, wpe, seed: dropout.seed, out },
      overrides: { WG: workgroup },
      workgroups: spread(Math.ceil(out.size / workgroup)),
    });
  }
}

export interface EmbeddingBackward {
  /** (B, T, C) */
  dout: Tensor;
  /** (3 B T) u32: the `tokenIndex` of the batch */
  index: Tensor;
  /** (V, C), accumulated */
  dwte: Tensor;
  /** (positions, C), accumulated */
  dwpe: Tensor;
  dropout: Dropout;
}

/** Adds every row of dout to its token's row of dwte and its position's row of dwpe. */
export function embeddingBackward(
  recorder: Recorder,
  { dout, index, dwte, dwpe, dropout }: EmbeddingBackward,
  { workgroup = 128 }: Tuning = {},
): void {
  const [b, t, c] = dout.shape, n = b * t;
  expectShape("index", index, [tokenIndexLength(n)]);
  expectShape("dwte", dwte, [dwte.shape[0], c]);
  expectPositions("dwpe", dwpe, t, c);
  const { seed } = dropout;
  const sharers = recorder.gpu.software ? 1 : 4; // a barrier costs more there than a longer loop
  const columns = workgroup / sharers;
  for (const { first, count, rows } of rowBands(recorder.gpu, dwte)) {
    recorder.dispatch(embeddingBackwardWte, {
      params: { n, c, first, count, ...dropoutParams(dropout) },
      tensors: { dout, index, seed, dwte: rows },
      overrides: { COLUMNS: columns, ROWS: sharers },
      workgroups: [Math.ceil(c / columns), ...spread(Math.min(n, dwte.shape[0]))],
    });
  }
  recorder.dispatch(embeddingBackwardWpe, {
    params: { b, tc: t * c, ...dropoutParams(dropout) },
    tensors: { dout, seed, dwpe },
    overrides: { WG: workgroup },
    workgroups: spread(Math.ceil(t * c / workgroup)),
  });
}

function expectPositions(name: string, { shape, label }: Tensor, t: number, c: number): void {
  if (shape.length === 2 && shape[0] >= t && shape[1] === c) return;
  throw new RangeError(`${name} (${label}) is (${shape}), expected (at least ${t}, ${c})`);
}
