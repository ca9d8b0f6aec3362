/**
 * Linear layers with weights (inputs, outputs), and the output head tied to the embedding. The head
 * goes by bands of the vocabulary where wte is larger than what the adapter binds.
 */

import type { Recorder } from "../../core/recorder.ts";
import { expectShape, rowBands, rowsAndColumns, type Tensor } from "../../core/tensor.ts";
import { addProduct, matmul } from "./matmul.ts";

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
}

/** out = inp · weight + bias, then GELU where `pre` is given. */
export function linearForward(
  recorder: Recorder,
  { inp, weight, bias, out, pre }: LinearForward,
): void {
  const [n, c] = rowsAndColumns(inp), [oc] = bias.shape;
  expectShape("weight", weight, [c, oc]);
  expectMatrix("out", out, n, oc);
  if (pre) expectMatrix("pre", pre, n, oc);
  const product = { layout: "nn", a: inp, b: weight, m: n, n: oc, k: c } as const;
  if (pre) matmul(recorder, { ...product, epilogue: "bias_gelu", tensors: { out, bias, pre } });
  else matmul(recorder, { ...product, epilogue: "bias", tensors: { out, bias } });
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
  /** At least `productWorkspace(C, OC, N)` elements */
  workspace: Tensor;
}

/** dinp = dout · weightᵀ; dweight += inpᵀ · dout. The bias gradient is bias_backward's. */
export function linearBackward(
  recorder: Recorder,
  { dout, inp, weight, dinp, dweight, workspace }: LinearBackward,
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
  addProduct(recorder, { a: inp, b: dout, m: c, n: oc, k: n, out: dweight, workspace });
}

/** logits (N, V) = inp (N, C) · wteᵀ, wte (V, C): the output head tied to the token embedding. */
export function headForward(
  recorder: Recorder,
  { inp, wte, logits }: { inp: Tensor; wte: Tensor; logits: Tensor },
): void {
  const [n, c] = rowsAndColumns(inp), [v] = wte.shape;
  expectShape("wte", wte, [v, c]);
  expectMatrix("logits", logits, n, v);
  for (const { first, count, rows } of rowBands(recorder.gpu, wte)) {
    matmul(recorder, {
      layout: "nt",
      epilogue: "store",
      a: inp,
      b: rows,
      m: n,
      n: count,
      k: c,
      tensors: { out: logits },
      outColumns: { first, stride: v },
    });
  }
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
  /** At least `productWorkspace(V, C, N)` elements */
  workspace: Tensor;
}

/** dinp = dlogits · wte; dwte += dlogitsᵀ · inp. */
export function headBackward(
  recorder: Recorder,
  { dlogits, inp, wte, dinp, dwte, workspace }: HeadBackward,
): void {
  const [n, v] = rowsAndColumns(dlogits), [, c] = rowsAndColumns(inp);
  expectMatrix("inp", inp, n, c);
  expectShape("wte", wte, [v, c]);
  expectMatrix("dinp", dinp, n, c);
  expectShape("dwte", dwte, [v, c]);
  for (const { first, count, rows } of rowBands(recorder.gpu, wte)) {
    matmul(recorder, {
      layout: "nn",
      epilogue: first === 0 ? "store" : "accumulate",
      a: dlogits,
      b: rows,
      m: n,
      n: c,
      k: count,
      tensors: { out: dinp },
      aColumns: { first, stride: v },
    });
  }
  for (const { first, count, rows: out } of rowBands(recorder.gpu, dwte)) {
    const aColumns = { first, stride: v };
    addProduct(recorder, { a: dlogits, b: inp, m: count, n: c, k: n, out, workspace, aColumns });
  }
}

function expectMatrix(name: string, tensor: Tensor, rows: number, columns: number): void {
  const [gotRows, gotColumns] = rowsAndColumns(tensor);
  if (gotRows !== rows || gotColumns !== columns) {
    throw new RangeError(
      `${name} (${tensor.label}) is (${gotRows}, ${gotColumns}), expected (${rows}, ${columns})`,
    );
  }
}
