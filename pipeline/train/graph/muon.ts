/**
 * Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) for the matrices between the
 * embeddings: kernels/reference/muon.ts says in float64 what it computes.
 */

import type { TrainConfig } from "../../lib/gpt/config.ts";
import type { F32, GraphBuilder } from "../../lib/gpt/onnx/builder.ts";

/** Jordan's a·x + b·x³ + c·x⁵, for five rounds; the least norm that a matrix is divided by. */
const QUINTIC = { a: 3.4445, b: -4.775, c: 2.0315 };
const ROUNDS = 5;
const EPSILON = 1e-7;

/** One parameter with what a step reads of it. */
export interface MuonTrained {
  parameter: F32;
  /** Summed over the step's micro-batches. */
  gradient: F32;
  moment1: F32;
  /** (rows, parts · columns) */
  shape: readonly number[];
  /** Matrices side by side, each made orthogonal by itself. */
  parts: number;
}

/**
 * With γ = grad · factor: m ← μm + (1 − μ)γ, u = μm + (1 − μ)γ,
 * p ← decay · p − learning_rate · scale · orthogonal(u), part by part.
 */
export function muon(
  g: GraphBuilder,
  { parameter, gradient, moment1, shape: [rows, width], parts }: MuonTrained,
  { factor, decay, learningRate }: { factor: F32; decay: F32; learningRate: F32 },
  { muonMomentum: momentum = 0.95 }: Partial<Pick<TrainConfig, "muonMomentum">>,
): { parameter: F32; moment1: F32 } {
  const fresh = g.mul(gradient, g.mul(factor, g.scalar(1 - momentum)));
  const mix = (old: F32) => g.add(g.mul(old, g.scalar(momentum)), fresh);
  const mean = mix(moment1);
  const columns = width / parts, ahead = mix(mean);
  const matrices = parts === 1 ? [ahead] : g.split(ahead, 1, Array(parts).fill(columns));
  const orthogonal = matrices.map((matrix) => orthogonalize(g, matrix, rows, columns));
  const update = parts === 1 ? orthogonal[0] : g.concat(orthogonal, 1);
  const size = g.mul(learningRate, g.scalar(0.2 * Math.sqrt(Math.max(rows, columns))));
  return { parameter: g.sub(g.mul(parameter, decay), g.mul(update, size)), moment1: mean };
}

/** X ← X / ‖X‖, then X ← aX + (bA + cA²)X with A = X·Xᵀ; from the right where X is taller. */
function orthogonalize(g: GraphBuilder, matrix: F32, rows: number, columns: number): F32 {
  const norm = g.max(g.sqrt(g.sumOfSquares(matrix)), g.scalar(EPSILON));
  const tall = rows > columns;
  const { a, b, c } = QUINTIC;
  let x = g.div(matrix, norm);
  for (let round = 0; round < ROUNDS; round++) {
    const gram = g.fusedMatMul(x, x, tall ? { transA: true } : { transB: true });
    const polynomial = g.gemm(gram, gram, gram, { alpha: c, beta: b });
    const [left, right] = tall ? [x, polynomial] : [polynomial, x];
    x = g.gemm(left, right, x, { beta: a });
  }
  return x;
}
