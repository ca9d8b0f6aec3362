/** Gradient clipping, AdamW (Loshchilov and Hutter 2019), and Muon where it is the optimizer. */

import type { TrainConfig } from "../../lib/gpt/config.ts";
import type { F32, GraphBuilder } from "../../lib/gpt/onnx/builder.ts";
import type { Parameter } from "../../lib/gpt/model/parameters.ts";
import { muon } from "./muon.ts";

/** What changes from step to step; the inputs of the graph that are no tensor. */
export const SCALARS = ["share", "decay", "learning_rate", "step_size", "epsilon"] as const;

export type Scalars = Record<typeof SCALARS[number], number>;

export type Optimizer =
  & Pick<TrainConfig, "beta1" | "beta2" | "adamEpsilon" | "weightDecay" | "maxGradNorm">
  & Partial<Pick<TrainConfig, "optimizer" | "muonMomentum">>;

/**
 * The step's scalars. With m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ),
 *
 *   lr · m̂ / (√v̂ + ε) = step_size · m / (√v + epsilon)
 *
 * so that the bias corrections cost nothing per parameter.
 */
export function adamwScalars(
  { beta1, beta2, adamEpsilon, weightDecay }: Optimizer,
  { step, learningRate, microBatches }: {
    step: number;
    learningRate: number;
    microBatches: number;
  },
): Scalars {
  const correction = Math.sqrt(1 - beta2 ** step);
  return {
    share: 1 / microBatches,
    decay: 1 - learningRate * weightDecay,
    learning_rate: learningRate,
    step_size: learningRate * correction / (1 - beta1 ** step),
    epsilon: adamEpsilon * correction,
  };
}

/** Everything about a parameter that a step reads and, but for the gradient, replaces. */
export interface Trained {
  parameter: F32;
  /** Summed over the step's micro-batches. */
  gradient: F32;
  moment1: F32;
  /** Absent where Muon updates it. */
  moment2?: F32;
  /** Whether weight decay applies. */
  decayed: boolean;
  shape: readonly number[];
  /** Matrices side by side in it that are Muon's, where it is the optimizer; 0: AdamW's. */
  parts: number;
}

/** Whether Muon updates a parameter of the table; AdamW does otherwise. */
export const isMuons = ({ optimizer }: Partial<Optimizer>, { muon }: Pick<Parameter, "muon">) =>
  optimizer === "muon" && muon > 0;

/** √Σ‖gradient‖² over all tensors, a scalar. */
export function globalNorm(g: GraphBuilder, gradients: readonly F32[]): F32 {
  const squares = gradients.map((gradient) => g.sumOfSquares(gradient));
  return g.sqrt(squares.reduce((a, b) => g.add(a, b)));
}

/**
 * With γ = grad · share · clip and clip = min(1, maxGradNorm / norm):
 *
 *   m ← β₁ m + (1 − β₁) γ,  v ← β₂ v + (1 − β₂) γ²,  p ← decay · p − step_size · m / (√v + epsilon)
 *
 * What Muon updates has a momentum as its first moment, and no second.
 */
export function update(
  g: GraphBuilder,
  tensors: readonly Trained[],
  scalars: Record<keyof Scalars, F32>,
  optimizer: Optimizer,
): { norm: F32; updated: Pick<Trained, "parameter" | "moment1" | "moment2">[] } {
  const { beta1, beta2, maxGradNorm } = optimizer;
  const norm = g.mul(globalNorm(g, tensors.map(({ gradient }) => gradient)), scalars.share);
  const clip = maxGradNorm === 0
    ? g.scalar(1)
    : g.min(g.scalar(1), g.div(g.scalar(maxGradNorm), g.add(norm, g.scalar(1e-6))));
  const factor = g.mul(clip, scalars.share);
  const first = g.mul(factor, g.scalar(1 - beta1));
  const second = g.mul(g.mul(factor, factor), g.scalar(1 - beta2));
  const updated = tensors.map((tensor) => {
    const { parameter, gradient, decayed } = tensor;
    if (!tensor.moment2) {
      const rates = { factor, decay: scalars.decay, learningRate: scalars.learning_rate };
      return muon(g, tensor, rates, optimizer);
    }
    const squared = g.mul(gradient, gradient);
    const moment1 = g.add(g.mul(tensor.moment1, g.scalar(beta1)), g.mul(gradient, first));
    const moment2 = g.add(g.mul(tensor.moment2, g.scalar(beta2)), g.mul(squared, second));
    const denominator = g.add(g.sqrt(moment2), scalars.epsilon);
    const change = g.div(g.mul(moment1, scalars.step_size), denominator);
    const kept = decayed ? g.mul(parameter, scalars.decay) : parameter;
    return { parameter: g.sub(kept, change), moment1, moment2 };
  });
  return { norm, updated };
}
