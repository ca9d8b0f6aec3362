/** Linear layers, alone and behind a LayerNorm. */

import { parameterTable } from "../../lib/gpt/model/parameters.ts";
import type { F32, GraphBuilder } from "../../lib/gpt/onnx/builder.ts";
import type { Layer, Tape } from "./layer.ts";

/** out = x · W + b: (N, I) → (N, O). */
export function linear(tape: Tape, x: F32, name: string): Layer {
  const { g } = tape;
  const weight = tape.parameter(`${name}.weight`), bias = tape.parameter(`${name}.bias`);
  return {
    out: g.gemm(x, weight, bias),
    backward(dout) {
      tape.gradient(`${name}.weight`, weightGradient(tape, x, dout, shapeOf(tape, name)));
      tape.gradient(`${name}.bias`, columnSums(tape, dout));
      return g.fusedMatMul(dout, weight, { transB: true });
    },
  };
}

/**
 * out = LayerNorm(x) · W + c, with gain and offset folded into the linear layer, where they cost
 * C · O operations instead of N · C:
 *
 *   out = x̂ · U + c′   with x̂ = (x − mean) · rstd,  U = gain ⊙ W,  c′ = offset · W + c
 *
 * As the rows of x̂ sum to zero, U may be replaced by U minus its columns' means; then the rows of
 * dx̂ = dout · Uᵀ sum to zero as well, and LayerNorm's backward pass loses one of its two means:
 *
 *   dx = rstd · (dx̂ − x̂ · mean(dx̂ ⊙ x̂))
 */
export function normLinear(tape: Tape, x: F32, norm: string, name: string): Layer {
  const { g } = tape;
  const width = tape.config.n_embd;
  const weight = tape.parameter(`${name}.weight`), bias = tape.parameter(`${name}.bias`);
  const gain = g.reshape(tape.parameter(`${norm}.weight`), [width, 1]);
  const offset = g.reshape(tape.parameter(`${norm}.bias`), [1, width]);
  const scaled = g.mul(gain, weight);
  const centred = g.sub(scaled, g.reduceMean(scaled, [0]));
  const { normalized, inverseDeviation } = normalize(tape, x);
  return {
    out: g.gemm(normalized, centred, g.add(g.matmul(offset, weight), bias)),
    backward(dout) {
      const inner = weightGradient(tape, normalized, dout, shapeOf(tape, name)); // x̂ᵀ · dout, (C, O)
      const dbias = columnSums(tape, dout);
      const dbiasRow = g.reshape(dbias, [1, -1]);
      const offsetColumn = g.reshape(offset, [width, 1]);
      tape.gradient(`${name}.bias`, dbias);
      tape.gradient(`${name}.weight`, g.add(g.mul(gain, inner), g.mul(offsetColumn, dbiasRow)));
      tape.gradient(`${norm}.weight`, g.reduceSum(g.mul(weight, inner), [1], false));
      const doffset = g.fusedMatMul(weight, dbiasRow, { transB: true });
      tape.gradient(`${norm}.bias`, g.reshape(doffset, [width]));
      const dnormalized = g.fusedMatMul(dout, centred, { transB: true });
      return denormalize(g, { dnormalized, normalized, inverseDeviation });
    },
  };
}

/** out = x̂ ⊙ gain + offset: (N, C) → (N, C). For the last norm, which no linear layer follows. */
export function layerNorm(tape: Tape, x: F32, name: string): Layer {
  const { g } = tape;
  const gain = tape.parameter(`${name}.weight`), offset = tape.parameter(`${name}.bias`);
  const { normalized, inverseDeviation } = normalize(tape, x);
  return {
    out: g.add(g.mul(normalized, gain), offset),
    backward(dout) {
      tape.gradient(`${name}.weight`, columnSums(tape, g.mul(dout, normalized)));
      tape.gradient(`${name}.bias`, columnSums(tape, dout));
      const scaled = g.mul(dout, gain);
      const dnormalized = g.sub(scaled, g.reduceMean(scaled, [1]));
      return denormalize(g, { dnormalized, normalized, inverseDeviation });
    },
  };
}

/** x̂ and rstd of every row, (N, C) and (N, 1). */
function normalize(tape: Tape, x: F32): { normalized: F32; inverseDeviation: F32 } {
  const { g, config } = tape;
  const normalized = g.value("normalized", "float32");
  const inverseDeviation = g.value("inverseDeviation", "float32");
  const ones = g.filled([config.n_embd], 1), zeros = g.filled([config.n_embd], 0);
  const mean = g.value("mean", "float32");
  const attributes = { axis: -1, epsilon: { float: config.layer_norm_epsilon } };
  const outputs = [normalized, mean, inverseDeviation];
  g.node("LayerNormalization", [x, ones, zeros], attributes, outputs);
  return { normalized, inverseDeviation };
}

/** dx of LayerNorm for a dx̂ whose rows sum to zero. */
function denormalize(
  g: GraphBuilder,
  { dnormalized, normalized, inverseDeviation }: Record<string, F32>,
): F32 {
  const projection = g.reduceMean(g.mul(dnormalized, normalized), [1]);
  return g.mul(inverseDeviation, g.sub(dnormalized, g.mul(normalized, projection)));
}

/**
 * xᵀ · dout for (N, I) and (N, O). The narrower of the two is transposed by a node of its own: the
 * product's own transposition does it again for every 128 columns of the result.
 */
function weightGradient({ g }: Tape, x: F32, dout: F32, [inputs, outputs]: readonly number[]): F32 {
  if (inputs <= outputs) return g.matmul(g.transpose(x, [1, 0]), dout);
  return g.transpose(g.matmul(g.transpose(dout, [1, 0]), x), [1, 0]);
}

/** (I, O) of a linear layer. */
function shapeOf({ config }: Tape, name: string): readonly number[] {
  return parameterTable(config).find((parameter) => parameter.name === `${name}.weight`)!.shape;
}

/** (N, O) → (O), as a product with ones: several times faster than ReduceSum over the first axis. */
function columnSums({ g, batchSize, config }: Tape, x: F32): F32 {
  const ones = g.filled([1, batchSize * config.n_positions], 1);
  return g.reshape(g.matmul(ones, x), [-1]);
}
