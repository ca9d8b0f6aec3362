/**
 * Matrix products by the tiling that `chooseTiling` finds for the adapter; each combination of
 * layout, epilogue and tiling is compiled once.
 */

import type { Gpu } from "../../core/device.ts";
import { type Access, defineKernel, type Kernel } from "../../core/kernel.ts";
import type { Recorder } from "../../core/recorder.ts";
import type { Tensor } from "../../core/tensor.ts";
import { addPartials } from "../column_sums.ts";
import { type Epilogue, epilogueBindings, type Layout, type MatmulText } from "./operands.ts";
import { directExtent, directMatmulCode, type DirectTile } from "./tile_direct.ts";
import {
  sharedBytes,
  sharedInvocations,
  sharedMatmulCode,
  type SharedTile,
} from "./tile_shared.ts";

export type Tiling =
  | { kind: "direct" } & DirectTile
  | { kind: "shared" } & SharedTile;

/** Workgroups that keep a large GPU busy, and steps of k that are worth a slice of their own. */
const BUSY_WORKGROUPS = 256, SLICE_STEPS = 512;

/**
 * Into how many slices of k to cut A · B on a GPU. The gradient of a small weight has few tiles and
 * a very long k: 27 tiles of 128 × 128 for (384, 1152), where a large GPU runs hundreds at a time.
 */
function sliceCount(m: number, n: number, k: number): number {
  const tiles = Math.ceil(m / 128) * Math.ceil(n / 128);
  return Math.max(1, Math.min(Math.floor(BUSY_WORKGROUPS / tiles), Math.floor(k / SLICE_STEPS)));
}

/** Elements that adding a product of this size needs as workspace. */
export const productWorkspace = (m: number, n: number, k: number) => sliceCount(m, n, k) * m * n;

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
  /** For tests; chosen by the adapter otherwise. */
  tiling?: Tiling;
}

/** out += aᵀ · b, in slices of k where that keeps the GPU busy; the same result on every run. */
export function addProduct(
  recorder: Recorder,
  { a, b, m, n, k, out, workspace, tiling = chooseTiling(recorder.gpu) }: AddProduct,
): void {
  const slices = tiling.kind === "shared" ? sliceCount(m, n, k) : 1;
  const product = { layout: "tn", a, b, m, n, k, tiling } as const;
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
  /** For tests and benchmarks; chosen by the adapter otherwise. */
  tiling?: Tiling;
  /** Parts of k that are computed side by side; out is then (slices, M, N). */
  slices?: number;
}

export function matmul(recorder: Recorder, product: Matmul): void {
  const { layout, epilogue, a, b, m, n, k, tensors, slices = 1 } = product;
  const tiling = product.tiling ?? chooseTiling(recorder.gpu);
  const vectors = {
    a: (layout === "tn" ? m : k) % 4 === 0,
    b: (layout === "nt" ? k : n) % 4 === 0,
    out: n % 4 === 0,
  };
  const kernel = matmulKernel({ layout, epilogue, vectors }, tiling);
  const { rows, columns } = tiling.kind === "direct"
    ? directExtent(tiling)
    : { rows: tiling.tileM, columns: tiling.tileN };
  recorder.dispatch(kernel, {
    params: { m, n, k, chunk: Math.ceil(k / slices / SLICE_UNIT) * SLICE_UNIT },
    tensors: { a, b, ...tensors },
    workgroups: [Math.ceil(n / columns), Math.ceil(m / rows), slices],
  });
}

/** Slices of k start at multiples of this, which every tiling's step divides. */
const SLICE_UNIT = 32;

const params = { m: "u32", n: "u32", k: "u32", chunk: "u32" } as const;
const kernels = new Map<string, Kernel<typeof params, Record<string, Access>>>();

/** The kernel of one combination; its text is generated once. */
export function matmulKernel(text: MatmulText, tiling: Tiling) {
  const key = JSON.stringify([text, tiling]);
  let kernel = kernels.get(key);
  if (!kernel) {
    const bindings: Record<string, Access> = { a: "read", b: "read" };
    kernel = defineKernel({
      label: `matmul_${text.layout}_${text.epilogue}`,
      code: tiling.kind === "direct"
        ? directMatmulCode(text, tiling)
        : sharedMatmulCode(text, tiling),
      params,
      bindings: { ...bindings, ...epilogueBindings[text.epilogue] },
    });
    kernels.set(key, kernel);
  }
  return kernel;
}

/**
 * Software adapters get the barrier-free tiling, with the subgroup's help where its size is known
 * to be fixed; real GPUs the largest tile in workgroup memory that their limits allow.
 *
 * Two vec4 columns per lane pay on lavapipe; on SwiftShader they gain little and double the
 * compilation. `deno task bench kernels` measures the tiling that is chosen here.
 */
export function chooseTiling({ software, subgroups, limits }: Gpu): Tiling {
  if (software) {
    const lanes = subgroups && subgroups.min === subgroups.max ? subgroups.min : 1;
    return { kind: "direct", lanes, rows: lanes > 1 ? 4 * lanes : 8, quads: lanes === 4 ? 1 : 2 };
  }
  const tile = { tileM: 128, tileN: 128, tileK: 8 };
  const fits = sharedInvocations(tile) <= limits.maxComputeInvocationsPerWorkgroup &&
    sharedBytes(tile) <= limits.maxComputeWorkgroupStorageSize;
  return { kind: "shared", ...(fits ? tile : { tileM: 64, tileN: 64, tileK: 8 }) };
}
