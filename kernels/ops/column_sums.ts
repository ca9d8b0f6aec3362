/**
 * Sums over the rows of a matrix in two deterministic stages: chunks of rows side by side, then
 * the chunks in order. The gradient of a bias, and the second half of a LayerNorm's.
 */

import { defineKernel } from "../core/kernel.ts";
import type { Recorder } from "../core/recorder.ts";
import { expectShape, rowsAndColumns, type Tensor } from "../core/tensor.ts";
import type { Tuning } from "./reduction.ts";
import columnPartialsWgsl from "./column_partials.wgsl" with { type: "text" };
import sumPartialsWgsl from "./sum_partials.wgsl" with { type: "text" };

export const columnPartials = defineKernel({
  label: "column_partials",
  code: columnPartialsWgsl,
  params: { n: "u32", c: "u32", chunk: "u32" },
  bindings: { inp: "read", partials: "read_write" },
  reals: ["inp"],
  overrides: ["WG"],
});

export const sumPartials = defineKernel({
  label: "sum_partials",
  code: sumPartialsWgsl,
  params: { c: "u32", chunks: "u32", stride: "u32", offset: "u32" },
  bindings: { partials: "read", out: "read_write" },
  overrides: ["WG"],
});

/**
 * Rows per chunk and number of chunks for a matrix of `rows` rows: about the square root each, so
 * that both stages have short loops, but at least 32 rows, so that the partials stay small.
 */
export function rowChunks(rows: number): { chunk: number; chunks: number } {
  const chunk = Math.max(32, Math.ceil(Math.sqrt(rows)));
  return { chunk, chunks: Math.ceil(rows / chunk) };
}

/** Elements that `biasBackward` needs as workspace. */
export const biasBackwardWorkspace = (rows: number, columns: number) =>
  rowChunks(rows).chunks * columns;

export interface BiasBackward {
  /** (N, C) */
  dout: Tensor;
  /** (C), accumulated */
  dbias: Tensor;
  /** At least `biasBackwardWorkspace(N, C)` elements */
  workspace: Tensor;
}

/** dbias += column sums of dout. */
export function biasBackward(
  recorder: Recorder,
  { dout, dbias, workspace }: BiasBackward,
  { workgroup = 64 }: Tuning = {},
): void {
  const [n, c] = rowsAndColumns(dout);
  expectShape("dbias", dbias, [c]);
  const { chunk, chunks } = rowChunks(n);
  const partials = workspace.view([chunks, c]);
  recorder.dispatch(columnPartials, {
    params: { n, c, chunk },
    tensors: { inp: dout, partials },
    overrides: { WG: workgroup },
    workgroups: [Math.ceil(c / workgroup), chunks],
  });
  addPartials(recorder, { partials, offset: 0, out: dbias }, { workgroup });
}

export interface AddPartials {
  /** (chunks, stride) */
  partials: Tensor;
  /** First column that counts. */
  offset: number;
  /** (C), accumulated */
  out: Tensor;
}

/** out += the column sums of partials[:, offset:offset + C]. */
export function addPartials(
  recorder: Recorder,
  { partials, offset, out }: AddPartials,
  { workgroup = 64 }: Tuning,
): void {
  const [chunks, stride] = partials.shape, c = out.size;
  recorder.dispatch(sumPartials, {
    params: { c, chunks, stride, offset },
    tensors: { partials, out },
    overrides: { WG: workgroup },
    workgroups: [Math.ceil(c / workgroup)],
  });
}
