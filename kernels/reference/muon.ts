/** Muon (Jordan et al. 2024) in float64: the oracle of kernels/ops/muon. */

import { matmul } from "./matmul.ts";

/**
 * The quintic a·x + b·x³ + c·x⁵ of https://kellerjordan.github.io/posts/muon: five rounds bring every
 * singular value from 0.003 to 1 to between about 0.7 and 1.2.
 */
export const QUINTIC = [3.4445, -4.775, 2.0315] as const;
export const NEWTON_SCHULZ_STEPS = 5;
/** The least norm that a matrix is divided by. */
export const MUON_EPSILON = 1e-7;

/** A matrix, row-major. */
export interface Matrix {
  values: Float64Array;
  rows: number;
  columns: number;
}

/**
 * About U·Vᵀ of the singular value decomposition U·Σ·Vᵀ:
 * X ← X / ‖X‖, then five times X ← aX + (bA + cA²)X with A = X·Xᵀ. Taller matrices are done
 * transposed, which is the same and costs less.
 */
export function orthogonalized({ values, rows, columns }: Matrix): Float64Array {
  if (rows > columns) {
    const flipped = transposed({ values, rows, columns });
    const result = orthogonalized({ values: flipped, rows: columns, columns: rows });
    return transposed({ values: result, rows: columns, columns: rows });
  }
  const [a, b, c] = QUINTIC;
  const norm = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  let x = values.map((value) => value / Math.max(norm, MUON_EPSILON));
  const square = { m: rows, n: rows, k: rows, layout: "nn" } as const;
  for (let round = 0; round < NEWTON_SCHULZ_STEPS; round++) {
    const gram = matmul({ a: x, b: x, m: rows, n: rows, k: columns, layout: "nt" });
    const squared = matmul({ a: gram, b: gram, ...square });
    const polynomial = gram.map((value, i) => b * value + c * squared[i]);
    const product = matmul({ a: polynomial, b: x, m: rows, n: columns, k: rows, layout: "nn" });
    x = x.map((value, i) => a * value + product[i]);
  }
  return x;
}

function transposed({ values, rows, columns }: Matrix): Float64Array {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}

/**
 * What an orthogonal update is multiplied by, so that its mean square is what AdamW's usually is
 * whatever the shape: one learning rate and one weight decay then fit all (Liu et al. 2025,
 * arXiv 2502.16982, section 2.2).
 */
export const muonScale = (rows: number, columns: number): number =>
  0.2 * Math.sqrt(Math.max(rows, columns));

export interface MuonHyperparameters {
  learningRate: number;
  momentum: number;
  weightDecay: number;
  /** Matrices side by side, each made orthogonal by itself: query, key and value are 3. */
  parts: number;
}

/**
 * One update of a (rows, columns) parameter in place:
 * m ← μm + (1 − μ)g; u = (1 − μ)g + μm (Nesterov); p ← p − lr · (decay · p + scale · orthogonal(u)).
 */
export function muonUpdate(
  { param, moment1 }: { param: Float64Array; moment1: Float64Array },
  grad: Float64Array,
  [rows, columns]: readonly number[],
  { learningRate, momentum, weightDecay, parts }: MuonHyperparameters,
): void {
  const mix = (old: number, fresh: number) => momentum * old + (1 - momentum) * fresh;
  for (let i = 0; i < grad.length; i++) moment1[i] = mix(moment1[i], grad[i]);
  const width = columns / parts, scale = muonScale(rows, width);
  for (let part = 0; part < parts; part++) {
    const index = (i: number) => Math.floor(i / width) * columns + part * width + i % width;
    const values = Float64Array.from(
      { length: rows * width },
      (_, i) => mix(moment1[index(i)], grad[index(i)]),
    );
    orthogonalized({ values, rows, columns: width }).forEach((value, i) => {
      param[index(i)] -= learningRate * (weightDecay * param[index(i)] + scale * value);
    });
  }
}
