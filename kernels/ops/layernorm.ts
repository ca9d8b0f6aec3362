/** Layer normalisation (Ba, Kiros, Hinton 2016), alone and after a residual connection. */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { alignUp, expectShape, rowsAndColumns, type Tensor } from "../core/tensor.ts";
import { addPartials, rowChunks } from "./column_sums.ts";
import { type Dropout, dropoutFunctions, dropoutParams } from "./dropout.ts";
import { defineReduction, type Tuning } from "./reduction.ts";
import forwardWgsl from "./layernorm_forward.wgsl" with { type: "text" };
import residualForwardWgsl from "./residual_layernorm_forward.wgsl" with { type: "text" };
import backwardWgsl from "./layernorm_backward.wgsl" with { type: "text" };
import partialsWgsl from "./layernorm_backward_partials.wgsl" with { type: "text" };

export const layernormForwardKernel = defineReduction({
  label: "layernorm_forward",
  code: forwardWgsl,
  params: { n: "u32", c: "u32", eps: "f32" },
  bindings: {
    inp: "read",
    weight: "read",
    bias: "read",
    out: "read_write",
    mean: "read_write",
    rstd: "read_write",
  },
  reals: ["out"],
});

export const residualLayernormForwardKernel = defineReduction({
  label: "residual_layernorm_forward",
  code: dropoutFunctions + residualForwardWgsl,
  params: {
    n: "u32",
    c: "u32",
    eps: "f32",
    threshold: "u32",
    keep: "f32",
    site: "u32",
    stride: "u32",
  },
  bindings: {
    a: "read",
    b: "read",
    weight: "read",
    bias: "read",
    seed: "read",
    sum: "read_write",
    out: "read_write",
    stats: "read_write",
  },
  reals: ["b", "out"],
});

export const layernormBackwardKernel = defineReduction({
  label: "layernorm_backward",
  code: backwardWgsl,
  params: { n: "u32", c: "u32", accumulate: "u32" },
  bindings: {
    dout: "read",
    inp: "read",
    weight: "read",
    mean: "read",
    rstd: "read",
    dinp: "read_write",
  },
  reals: ["dout"],
});

export const layernormBackwardPartials = defineKernel({
  label: "layernorm_backward_partials",
  code: partialsWgsl,
  params: { n: "u32", c: "u32", chunk: "u32" },
  bindings: { dout: "read", inp: "read", mean: "read", rstd: "read", partials: "read_write" },
  reals: ["dout"],
  overrides: ["WG"],
});

export interface LayernormForward {
  /** (…, C): all axes but the last are rows */
  inp: Tensor;
  /** (C) */
  weight: Tensor;
  /** (C) */
  bias: Tensor;
  /** The shape of inp */
  out: Tensor;
  /** (N), kept for backward */
  mean: Tensor;
  /** (N), kept for backward */
  rstd: Tensor;
  eps: number;
}

/** out = weight · (inp − mean) · rstd + bias over the last axis. */
export function layernormForward(
  recorder: Recorder,
  { inp, weight, bias, out, mean, rstd, eps }: LayernormForward,
  tuning?: Tuning,
): void {
  const [n, c] = rowsAndColumns(inp);
  expectVectors({ weight, bias }, c);
  expectVectors({ mean, rstd }, n);
  expectShape("out", out, inp.shape);
  const { kernel, overrides } = layernormForwardKernel.choose(recorder.gpu, tuning);
  recorder.dispatch(kernel, {
    params: { n, c, eps },
    tensors: { inp, weight, bias, out, mean, rstd },
    overrides,
    workgroups: spread(n),
  });
}

/** Means of `rows` rows and behind them, aligned for binding alone, their rstds. */
export function rowStatistics(tensor: Tensor, rows: number): { mean: Tensor; rstd: Tensor } {
  const stride = statisticsStride(rows);
  return { mean: tensor.view([rows]), rstd: tensor.view([rows], stride) };
}

/** Elements of the tensor for `rowStatistics`. */
export const rowStatisticsLength = (rows: number): number => statisticsStride(rows) + rows;

const statisticsStride = (rows: number) => alignUp(4 * rows) / 4;

export interface ResidualLayernormForward extends Omit<LayernormForward, "inp" | "mean" | "rstd"> {
  /** (…, C) */
  a: Tensor;
  /** The shape of a; dropped out before it is added */
  b: Tensor;
  /** The shape of a; the residual stream behind this connection */
  sum: Tensor;
  /** Mean and rstd, `rowStatisticsLength(N)` elements: see `rowStatistics` */
  stats: Tensor;
  dropout: Dropout;
}

/** sum = a + dropout(b); out and stats are the LayerNorm of sum. */
export function residualLayernormForward(
  recorder: Recorder,
  { a, b, weight, bias, sum, out, stats, eps, dropout }: ResidualLayernormForward,
  tuning?: Tuning,
): void {
  const [n, c] = rowsAndColumns(a);
  expectVectors({ weight, bias }, c);
  expectVectors({ stats }, rowStatisticsLength(n));
  for (const [name, tensor] of Object.entries({ b, sum, out })) expectShape(name, tensor, a.shape);
  const { kernel, overrides } = residualLayernormForwardKernel.choose(recorder.gpu, tuning);
  recorder.dispatch(kernel, {
    params: { n, c, eps, ...dropoutParams(dropout), stride: statisticsStride(n) },
    tensors: { a, b, weight, bias, seed: dropout.seed, sum, out, stats },
    overrides,
    workgroups: spread(n),
  });
}

/** Elements that `layernormBackward` needs as workspace. */
export const layernormBackwardWorkspace = (rows: number, columns: number) =>
  rowChunks(rows).chunks * 2 * columns;

export interface LayernormBackward {
  /** (…, C) */
  dout: Tensor;
  /** The shape of dout: what forward read (`inp` or `sum`) */
  inp: Tensor;
  /** (C) */
  weight: Tensor;
  /** (N) */
  mean: Tensor;
  /** (N) */
  rstd: Tensor;
  /** The shape of dout */
  dinp: Tensor;
  /** Add to dinp instead of overwriting it: the gradient that came past the branch is there. */
  accumulate: boolean;
  /** (C), accumulated */
  dweight: Tensor;
  /** (C), accumulated */
  dbias: Tensor;
  /** At least `layernormBackwardWorkspace(N, C)` elements */
  workspace: Tensor;
}

/** The gradients of a LayerNorm's input, weight and bias. */
export function layernormBackward(
  recorder: Recorder,
  inputs: LayernormBackward,
  tuning: Tuning = {},
): void {
  const { dout, inp, weight, mean, rstd, dinp, accumulate } = inputs;
  const [n, c] = rowsAndColumns(dout);
  expectShape("inp", inp, dout.shape);
  expectShape("dinp", dinp, dout.shape);
  expectVectors({ weight, dweight: inputs.dweight, dbias: inputs.dbias }, c);
  expectVectors({ mean, rstd }, n);
  const { kernel, overrides } = layernormBackwardKernel.choose(recorder.gpu, tuning);
  recorder.dispatch(kernel, {
    params: { n, c, accumulate: accumulate ? 1 : 0 },
    tensors: { dout, inp, weight, mean, rstd, dinp },
    overrides,
    workgroups: spread(n),
  });
  parameterGradients(recorder, inputs, tuning);
}

function parameterGradients(
  recorder: Recorder,
  { dout, inp, mean, rstd, dweight, dbias, workspace }: LayernormBackward,
  { workgroup = 64 }: Tuning,
): void {
  const [n, c] = rowsAndColumns(dout);
  const { chunk, chunks } = rowChunks(n);
  const partials = workspace.view([chunks, 2 * c]);
  recorder.dispatch(layernormBackwardPartials, {
    params: { n, c, chunk },
    tensors: { dout, inp, mean, rstd, partials },
    overrides: { WG: workgroup },
    workgroups: [Math.ceil(c / workgroup), chunks],
  });
  addPartials(recorder, { partials, offset: 0, out: dweight }, { workgroup });
  addPartials(recorder, { partials, offset: c, out: dbias }, { workgroup });
}

function expectVectors(vectors: Record<string, Tensor>, size: number): void {
  for (const [name, tensor] of Object.entries(vectors)) expectShape(name, tensor, [size]);
}
