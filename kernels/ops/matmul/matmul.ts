/**
 * Matrix products of a linear layer with weights (inputs, outputs), and of the tied output head.
 * What runs is chosen by `chooseTiling` from the adapter, and compiled once per combination.
 */

import type { Gpu } from "../../core/device.ts";
import { type Access, defineKernel, type Kernel } from "../../core/kernel.ts";
import type { Recorder } from "../../core/recorder.ts";
import { expectShape, rowsAndColumns, type Tensor } from "../../core/tensor.ts";
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

export interface LinearForward {
  /** (N, C) */
  inp: Tensor;
  /** (C, OC) */
  weight: Tensor;
  /** (OC) */
  bias: Tensor;
  /** (N, OC) */
  out: Tensor;
  /** (N, OC): out is the GELU of what is stored here. */
  pre?: Tensor;
  /** (N, OC): added to out. */
  residual?: Tensor;
}

/** out = inp · weight + bias, then GELU (with `pre`) or + residual. */
export function linearForward(
  recorder: Recorder,
  { inp, weight, bias, out, pre, residual }: LinearForward,
): void {
  const [n, c] = rowsAndColumns(inp), [oc] = bias.shape;
  expectShape("weight", weight, [c, oc]);
  expectMatrix("out", out, n, oc);
  if (pre) expectMatrix("pre", pre, n, oc);
  if (residual) expectMatrix("residual", residual, n, oc);
  if (pre && residual) throw new TypeError("linearForward takes pre or residual, not both");
  const product = { layout: "nn", a: inp, b: weight, m: n, n: oc, k: c } as const;
  if (pre) matmul(recorder, { ...product, epilogue: "bias_gelu", tensors: { out, bias, pre } });
  else if (residual) {
    matmul(recorder, { ...product, epilogue: "bias_residual", tensors: { out, bias, residual } });
  } else matmul(recorder, { ...product, epilogue: "bias", tensors: { out, bias } });
}

export interface LinearBackward {
  /** (N, OC) */
  dout: Tensor;
  /** (N, C) */
  inp: Tensor;
  /** (C, OC) */
  weight: Tensor;
  /** (N, C), overwritten */
  dinp: Tensor;
  /** (C, OC), accumulated */
  dweight: Tensor;
}

/** dinp = dout · weightᵀ; dweight += inpᵀ · dout. The bias gradient is bias_backward's. */
export function linearBackward(
  recorder: Recorder,
  { dout, inp, weight, dinp, dweight }: LinearBackward,
): void {
  const [n, oc] = rowsAndColumns(dout), [, c] = rowsAndColumns(inp);
  expectMatrix("inp", inp, n, c);
  expectShape("weight", weight, [c, oc]);
  expectMatrix("dinp", dinp, n, c);
  expectShape("dweight", dweight, [c, oc]);
  matmul(recorder, {
    layout: "nt",
    epilogue: "store",
    a: dout,
    b: weight,
    m: n,
    n: c,
    k: oc,
    tensors: { out: dinp },
  });
  matmul(recorder, {
    layout: "tn",
    epilogue: "accumulate",
    a: inp,
    b: dout,
    m: c,
    n: oc,
    k: n,
    tensors: { out: dweight },
  });
}

/** logits (N, V) = inp (N, C) · wteᵀ, wte (V, C): the output head tied to the token embedding. */
export function headForward(
  recorder: Recorder,
  { inp, wte, logits }: { inp: Tensor; wte: Tensor; logits: Tensor },
): void {
  const [n, c] = rowsAndColumns(inp), [v] = wte.shape;
  expectShape("wte", wte, [v, c]);
  expectMatrix("logits", logits, n, v);
  const tensors = { out: logits };
  matmul(recorder, { layout: "nt", epilogue: "store", a: inp, b: wte, m: n, n: v, k: c, tensors });
}

export interface HeadBackward {
  /** (N, V) */
  dlogits: Tensor;
  /** (N, C) */
  inp: Tensor;
  /** (V, C) */
  wte: Tensor;
  /** (N, C), overwritten */
  dinp: Tensor;
  /** (V, C), accumulated */
  dwte: Tensor;
}

/** dinp = dlogits · wte; dwte += dlogitsᵀ · inp. */
export function headBackward(
  recorder: Recorder,
  { dlogits, inp, wte, dinp, dwte }: HeadBackward,
): void {
  const [n, v] = rowsAndColumns(dlogits), [, c] = rowsAndColumns(inp);
  expectMatrix("inp", inp, n, c);
  expectShape("wte", wte, [v, c]);
  expectMatrix("dinp", dinp, n, c);
  expectShape("dwte", dwte, [v, c]);
  matmul(recorder, {
    layout: "nn",
    epilogue: "store",
    a: dlogits,
    b: wte,
    m: n,
    n: c,
    k: v,
    tensors: { out: dinp },
  });
  matmul(recorder, {
    layout: "tn",
    epilogue: "accumulate",
    a: dlogits,
    b: inp,
    m: v,
    n: c,
    k: n,
    tensors: { out: dwte },
  });
}

function expectMatrix(name: string, tensor: Tensor, rows: number, columns: number): void {
  const [gotRows, gotColumns] = rowsAndColumns(tensor);
  if (gotRows !== rows || gotColumns !== columns) {
    throw new RangeError(
      `${name} (${tensor.label}) is (${gotRows}, ${gotColumns}), expected (${rows}, ${columns})`,
    );
  }
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
}

export function matmul(recorder: Recorder, product: Matmul): void {
  const { layout, epilogue, a, b, m, n, k, tensors } = product;
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
    params: { m, n, k },
    tensors: { a, b, ...tensors },
    workgroups: [Math.ceil(n / columns), Math.ceil(m / rows)],
  });
}

const params = { m: "u32", n: "u32", k: "u32" } as const;
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
 * Two vec4 columns per lane pay on lavapipe (GFLOP/s per core for nn, nt, tn at 512 × 1152 × 384:
 * 22, 23, 21 against 16, 24, 14); on SwiftShader they gain little and double the compilation.
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
