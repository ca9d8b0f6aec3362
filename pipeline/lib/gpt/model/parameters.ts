/**
 * The GPT-2 parameter table: every tensor's Hugging Face name, shape, initialisation and whether
 * AdamW decays it. Checkpoints, both engines, the ONNX graph and the gradient tests iterate it.
 *
 * Linear weights are stored (inputs, outputs), as in Hugging Face's `Conv1D`: y = x · W + b.
 */

import type { GptConfig } from "../config.ts";

export interface Parameter {
  /** Hugging Face `GPT2LMHeadModel` name, without the `transformer.` prefix. */
  name: string;
  shape: readonly number[];
  /** Standard deviation of a normal initialisation, or a constant to fill with. */
  init: { normal: number } | { constant: number };
  /** Matrices are decayed; biases and LayerNorm parameters are not. */
  decay: boolean;
  /**
   * Matrices side by side in it that Muon, where it is the optimizer, makes orthogonal one by one:
   * query, key and value are 3. 0: AdamW's in any case, as embeddings, biases and LayerNorms.
   */
  muon: number;
}

/** All parameters in a fixed order. The output head is tied to `wte.weight` and is not listed. */
export function parameterTable(config: GptConfig): Parameter[] {
  const { vocab_size, n_positions, n_embd: width, n_layer, initializer_range: std } = config;
  // GPT-2 scales the weights that write into the residual stream by 1/√(2 · layers).
  const residualStd = std / Math.sqrt(2 * n_layer);
  const matrix = (name: string, shape: number[], muon: number, normal = std): Parameter => ({
    name,
    shape,
    init: { normal },
    decay: true,
    muon,
  });
  const vector = (name: string, size: number, constant = 0): Parameter => ({
    name,
    shape: [size],
    init: { constant },
    decay: false,
    muon: 0,
  });
  const layerNorm = (name: string) => [
    vector(`${name}.weight`, width, 1),
    vector(`${name}.bias`, width),
  ];
  const linear = (
    name: string,
    [inputs, outputs]: [number, number],
    { muon = 1, normal = std } = {},
  ) => [
    matrix(`${name}.weight`, [inputs, outputs], muon, normal),
    vector(`${name}.bias`, outputs),
  ];
  const table = [
    matrix("wte.weight", [vocab_size, width], 0),
    matrix("wpe.weight", [n_positions, width], 0),
  ];
  for (let layer = 0; layer < n_layer; layer++) {
    const block = `h.${layer}`;
    table.push(
      ...layerNorm(`${block}.ln_1`),
      ...linear(`${block}.attn.c_attn`, [width, 3 * width], { muon: 3 }),
      ...linear(`${block}.attn.c_proj`, [width, width], { normal: residualStd }),
      ...layerNorm(`${block}.ln_2`),
      ...linear(`${block}.mlp.c_fc`, [width, 4 * width]),
      ...linear(`${block}.mlp.c_proj`, [4 * width, width], { normal: residualStd }),
    );
  }
  table.push(...layerNorm("ln_f"));
  return table;
}

/** Number of elements of a shape. */
export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Number of trained values. */
export function parameterCount(config: GptConfig): number {
  return parameterTable(config).reduce((sum, { shape }) => sum + elements(shape), 0);
}

/** Weights or gradients or optimizer moments by parameter name, row-major float32. */
export type Tensors = Map<string, Float32Array>;
