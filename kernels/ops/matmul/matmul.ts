/**
 * Matrix products by the tiling that suits shape and adapter (tilings.ts); each combination of
 * layout, epilogue, element types and tiling is compiled once.
 */

import { type Access, defineKernel, type Kernel } from "../../core/kernel.ts";
import type { Recorder } from "../../core/recorder.ts";
import type { Tensor } from "../../core/tensor.ts";
import { addPartials } from "../column_sums.ts";
import {
  type Epilogue,
  epilogueBindings,
  type Factors,
  type Layout,
  type MatmulText,
  type Real,
  type Types,
} from "./operands.ts";
import { directExtent, directMatmulCode } from "./tile_direct.ts";
import { sharedMatmulCode } from "./tile_shared.ts";
import { type Tiling, tilingFor } from "./tilings.ts";

/** Workgroups that keep a large GPU busy, and steps of k that are worth a slice of their own. */
const BUSY_WORKGROUPS = 256, SLICE_STEPS = 512;

/** The tile of out by which slices are counted. */
const TILE = 128;

/**
 * Into how many slices of k to cut A · B on a GPU. The gradient of a small weight has few tiles and
 * a very long k: 27 tiles of 128 × 128 for (384, 1152), where a large GPU runs hundreds at a time.
 */
function sliceCount(m: number, n: number, k: number): number {
  const tiles = Math.ceil(m / TILE) * Math.ceil(n / TILE);
  return Math.max(1, Math.min(Math.floor(BUSY_WORKGROUPS / tiles), Math.floor(k / SLICE_STEPS)));
}

/** Elements that adding a product of this size, or of some of its rows, needs as workspace. */
export function productWorkspace(m: number, n: number, k: number): number {
  const slices = Math.floor(k / SLICE_STEPS);
  return slices > 1 ? Math.min(slices * m * n, BUSY_WORKGROUPS * TILE * TILE) : 0;
}

/** Columns `first` and following of a matrix whose rows are `stride` values long. */
export interface Columns {
  first: number;
  stride: number;
}

export interface AddProduct {
  /** (K, M) */
  a: Tensor;
  /** (K, N) */
  b: Tensor;
  m: number;
  n: number;
  k: number;
  /** (M, N), accumulated */
  out: Tensor;
  /** At least `productWorkspace(M, N, K)` elements */
  workspace: Tensor;
  /** Where a is part of a wider matrix. */
  aColumns?: Columns;
  /** For tests; what suits shape and adapter otherwise. */
  tiling?: Tiling;
}

/** out += aᵀ · b, in slices of k where that keeps the GPU busy; the same result on every run. */
export function addProduct(
  recorder: Recorder,
  { a, b, m, n, k, out, workspace, aColumns, tiling }: AddProduct,
): void {
  const chosen = tiling ?? tilingFor(recorder.gpu, { type: a.type as Real, layout: "tn", m, n, k });
  const slices = chosen.kind === "shared" ? sliceCount(m, n, k) : 1;
  const product = { layout: "tn", a, b, m, n, k, aColumns, tiling: chosen } as const;
  if (slices === 1) {
    matmul(recorder, { ...product, epilogue: "accumulate", tensors: { out } });
    return;
  }
  const partials = workspace.view([slices, m * n]);
  matmul(recorder, { ...product, epilogue: "store", tensors: { out: partials }, slices });
  addPartials(recorder, { partials, offset: 0, out: out.view([m * n]) }, {});
}

/** One product: shapes already checked, out and the epilogue's tensors by name. */
export interface Matmul {
  layout: Layout;
  epilogue: Epilogue;
  a: Tensor;
  b: Tensor;
  m: number;
  n: number;
  k: number;
  tensors: Record<string, Tensor>;
  /** Where a or out is part of a wider matrix. */
  aColumns?: Columns;
  outColumns?: Columns;
  /** For tests and benchmarks; what suits shape and adapter otherwise. */
  tiling?: Tiling;
  /** For tests; by adapter otherwise (see `Types`). */
  arithmetic?: Real;
  /** Parts of k that are computed side by side; out is then (slices, M, N). */
  slices?: number;
  /** So many products at once: a (batch, M, K), b (batch, K, N), out (batch, M, N). */
  batch?: number;
  /** Of the epilogue `combine`. */
  factors?: Factors;
}

/** Records one product. */
export function matmul(recorder: Recorder, product: Matmul): void {
  const { layout, epilogue, a, b, m, n, k, tensors, slices = 1, batch, factors } = product;
  const types = typesOf(recorder, product);
  const tiling = product.tiling ??
    tilingFor(recorder.gpu, { type: types.operands, layout, m, n, k });
  const width = layout === "tn" ? m : k;
  const { aColumns = { first: 0, stride: width }, outColumns = { first: 0, stride: n } } = product;
  const fours = (...values: number[]) => values.every((value) => value % 4 === 0);
  const vectors = {
    a: fours(width, aColumns.first, aColumns.stride),
    b: fours(layout === "nt" ? k : n),
    out: fours(n, outColumns.first, outColumns.stride),
  };
  const whole = k % SLICE_UNIT === 0;
  const text = { layout, epilogue, vectors, whole, types, factors, batched: batch !== undefined };
  const kernel = matmulKernel(text, tiling);
  const { rows, columns } = tiling.kind === "direct"
    ? directExtent(tiling)
    : { rows: tiling.tileM, columns: tiling.tileN };
  recorder.dispatch(kernel, {
    params: {
      m,
      n,
      k,
      chunk: Math.ceil(k / slices / SLICE_UNIT) * SLICE_UNIT,
      a_stride: aColumns.stride,
      a_first: aColumns.first,
      out_stride: outColumns.stride,
      out_first: outColumns.first,
    },
    tensors: { a, b, ...tensors },
    workgroups: [Math.ceil(n / columns), Math.ceil(m / rows), batch ?? slices],
  });
}

/** A CPU converts f16 values but does not compute with them. */
function typesOf({ gpu }: Recorder, { a, b, tensors: { out }, arithmetic }: Matmul): Types {
  if (a.type !== b.type) {
    throw new TypeError(`${a.label} is ${a.type} and ${b.label} ${b.type}, expected the same type`);
  }
  const operands = a.type as Real;
  return {
    operands,
    out: out.type as Real,
    arithmetic: arithmetic ?? (gpu.software ? "f32" : operands),
  };
}

/** Slices of k start at multiples of this, which every tiling's step divides. */
const SLICE_UNIT = 32;

const params = {
  m: "u32",
  n: "u32",
  k: "u32",
  chunk: "u32",
  a_stride: "u32",
  a_first: "u32",
  out_stride: "u32",
  out_first: "u32",
} as const;
const kernels = new Map<string, Kernel<typeof params, Record<string, Access>>>();

/** The kernel of one combination; its text is generated once. */
export function matmulKernel(
  text: MatmulText,
  tiling: Tiling,
): Kernel<typeof params, Record<string, Access>> {
  const key = JSON.stringify([text, tiling]);
  let kernel = kernels.get(key);
  if (!kernel) {
    const bindings: Record<string, Access> = { a: "read", b: "read" };
    kernel = defineKernel({
      label: `matmul_${text.layout}_${text.epilogue}`,
      code: matmulCode(text, tiling),
      params,
      bindings: { ...bindings, ...epilogueBindings[text.epilogue] },
    });
    kernels.set(key, kernel);
  }
  return kernel;
}

/** The WGSL of one combination. */
export const matmulCode = (text: MatmulText, tiling: Tiling): string =>
  tiling.kind === "direct" ? directMatmulCode(text, tiling) : sharedMatmulCode(text, tiling);
