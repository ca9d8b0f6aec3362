/**
 * Matrix product in the three layouts of a linear layer, in float64: the oracle of
 * kernels/ops/matmul. All matrices are row-major.
 */

/** `nn`: A (M, K) · B (K, N). `nt`: A (M, K) · Bᵀ, B (N, K). `tn`: Aᵀ · B, A (K, M), B (K, N). */
export type MatmulLayout = "nn" | "nt" | "tn";

export interface Matmul {
  a: Float64Array;
  b: Float64Array;
  m: number;
  n: number;
  k: number;
  layout: MatmulLayout;
}

/** The (M, N) product. */
export function matmul({ a, b, m, n, k, layout }: Matmul): Float64Array {
  const out = new Float64Array(m * n);
  // Strides of A along (M, K) and of B along (K, N).
  const [aRow, aCol] = layout === "tn" ? [1, m] : [k, 1];
  const [bRow, bCol] = layout === "nt" ? [1, k] : [n, 1];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let x = 0; x < k; x++) sum += a[i * aRow + x * aCol] * b[x * bRow + j * bCol];
      out[i * n + j] = sum;
    }
  }
  return out;
}

export interface LinearForward {
  /** (rows, inputs) */
  inp: Float64Array;
  /** (inputs, outputs), as in Hugging Face's Conv1D */
  weight: Float64Array;
  /** (outputs) */
  bias: Float64Array;
  rows: number;
}

/** out = inp · weight + bias, (rows, outputs). */
export function linearForward({ inp, weight, bias, rows }: LinearForward): Float64Array {
  const outputs = bias.length, inputs = weight.length / outputs;
  const out = matmul({ a: inp, b: weight, m: rows, n: outputs, k: inputs, layout: "nn" });
  return out.map((value, i) => value + bias[i % outputs]);
}

export interface LinearBackward {
  /** (rows, outputs) */
  dout: Float64Array;
  inp: Float64Array;
  weight: Float64Array;
  rows: number;
}

/** dinp = dout · weightᵀ, dweight = inpᵀ · dout, dbias = column sums of dout. */
export function linearBackward({ dout, inp, weight, rows }: LinearBackward) {
  const outputs = dout.length / rows, inputs = inp.length / rows;
  return {
    dinp: matmul({ a: dout, b: weight, m: rows, n: inputs, k: outputs, layout: "nt" }),
    dweight: matmul({ a: inp, b: dout, m: inputs, n: outputs, k: rows, layout: "tn" }),
    dbias: columnSums(dout, outputs),
  };
}

/** Sums of a (rows, columns) matrix over its rows: the gradient of a bias. */
export function columnSums(matrix: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  matrix.forEach((value, i) => sums[i % columns] += value);
  return sums;
}
