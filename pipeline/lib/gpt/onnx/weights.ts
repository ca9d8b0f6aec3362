/**
 * A GPT-2's tensors as constants of a graph: the layers ask for "the linear layer h.0.attn.c_attn"
 * and get it in the arithmetic that was chosen for it, float32 or int8.
 */

import type { GptConfig } from "../config.ts";
import { parameterTable, type Tensors } from "../model/parameters.ts";
import type { F32, GraphBuilder, Index } from "./builder.ts";

export interface Weights {
  /** x · W + b, (…, inputs) → (…, outputs), for a table entry `name`.weight and `name`.bias. */
  linear(x: F32, name: string): F32;
  /** Rows of the token embedding: (…) ids → (…, n_embd). */
  tokenEmbedding(ids: Index): F32;
  /** x · wteᵀ: (…, n_embd) → (…, vocab_size). */
  logits(x: F32): F32;
  /** A vector or table that always stays float32. */
  tensor(name: string): F32;
}

/** All tensors in float32. The tied embedding is stored once. */
export function float32Weights(g: GraphBuilder, config: GptConfig, tensors: Tensors): Weights {
  return plainWeights(g, constants(g, config, tensors));
}

/** All tensors as inputs of the graph, `parameter.NAME`: for weights that are still in training. */
export function inputWeights(g: GraphBuilder, config: GptConfig): Weights {
  const inputs = new Map(
    parameterTable(config).map(({ name, shape }) => [
      name,
      g.input(`parameter.${name}`, "float32", shape),
    ]),
  );
  return plainWeights(g, (name) => inputs.get(name)!);
}

function plainWeights(g: GraphBuilder, tensor: (name: string) => F32): Weights {
  return {
    tensor,
    linear: (x, name) => g.add(g.matmul(x, tensor(`${name}.weight`)), tensor(`${name}.bias`)),
    tokenEmbedding: (ids) => g.gather(tensor("wte.weight"), ids),
    logits: (x) => g.matmul(x, g.transpose(tensor("wte.weight"), [1, 0])),
  };
}

/** Constants by parameter name, made at first use so that none is stored that no layer reads. */
export function constants(
  g: GraphBuilder,
  config: GptConfig,
  tensors: Tensors,
): (name: string) => F32 {
  const shapes = new Map(parameterTable(config).map(({ name, shape }) => [name, shape]));
  const made = new Map<string, F32>();
  return (name) => {
    const known = made.get(name);
    if (known) return known;
    const shape = shapes.get(name), data = tensors.get(name);
    if (!shape || !data) throw new TypeError(`Cannot build the graph: no tensor "${name}"`);
    const value = g.constant(name, "float32", shape, data);
    made.set(name, value);
    return value;
  };
}
