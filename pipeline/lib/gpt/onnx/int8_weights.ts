/**
 * Weights as int8 with one scale per output, activations quantized on the fly to uint8 with one
 * scale per tensor ("dynamic quantization"):
 *
 *   x · W ≈ scale_x · scale_W ⊙ ((q_x − zero_x) · q_W)   with q_W = round(W / scale_W)
 *
 * The operators are the standard ones; ONNX Runtime fuses them into one kernel when it loads the
 * graph. Embeddings of positions, biases and LayerNorms stay float32: they are small, and added.
 */

import type { GptConfig } from "../config.ts";
import { parameterTable, type Tensors } from "../model/parameters.ts";
import type { F32, GraphBuilder, Index } from "./builder.ts";
import type { Value } from "./graph.ts";
import { float32Weights, type Weights } from "./weights.ts";

/** Quantizes every linear layer and the token embedding except those that `keep` names. */
export function int8Weights(
  g: GraphBuilder,
  config: GptConfig,
  tensors: Tensors,
  keep: ReadonlySet<string> = new Set(),
): Weights {
  const plain = float32Weights(g, config, tensors);
  const shapes = new Map(parameterTable(config).map(({ name, shape }) => [name, shape]));
  const product = (x: F32, { values, scales }: QuantizedMatrix): F32 => {
    const { quantized, scale, zeroPoint } = g.dynamicQuantizeLinear(x);
    const sum = g.cast(g.matMulInteger(quantized, values, zeroPoint), "float32");
    return g.mul(sum, g.mul(scale, scales));
  };
  const matrix = (name: string, data: Float32Array, inputs: number, outputs: number) => {
    const { values, scales } = quantizeColumns(data, inputs, outputs);
    return {
      values: g.constant(`${name}.quantized`, "int8", [inputs, outputs], values),
      scales: g.constant(`${name}.scale`, "float32", [outputs], scales),
    };
  };
  const embedding = keep.has("wte") ? undefined : quantizedEmbedding(config, tensors, matrix);
  return {
    tensor: plain.tensor,
    linear(x, name) {
      if (keep.has(name)) return plain.linear(x, name);
      const weight = `${name}.weight`;
      const [inputs, outputs] = shapes.get(weight)!;
      const quantized = matrix(weight, tensors.get(weight)!, inputs, outputs);
      return g.add(product(x, quantized), plain.tensor(`${name}.bias`));
    },
    tokenEmbedding: (ids) => embedding ? columnsOf(g, embedding, ids) : plain.tokenEmbedding(ids),
    logits: (x) => embedding ? inPieces(g, config, x, embedding, product) : plain.logits(x),
  };
}

interface QuantizedMatrix {
  /** (inputs, outputs) */
  values: Value<"int8">;
  /** (outputs) */
  scales: F32;
}

/** Names of the layers that `int8Weights` can quantize, in the order of the forward pass. */
export function quantizableLayers({ n_layer }: GptConfig): string[] {
  const names = ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"];
  const layers = Array.from({ length: n_layer }, (_, i) => names.map((name) => `h.${i}.${name}`));
  return [...layers.flat(), "wte"];
}

/** The token table transposed, (C, V), as the head needs it: stored once, also for the lookup. */
function quantizedEmbedding(
  { vocab_size, n_embd }: GptConfig,
  tensors: Tensors,
  matrix: (name: string, data: Float32Array, inputs: number, outputs: number) => QuantizedMatrix,
): QuantizedMatrix {
  const table = tensors.get("wte.weight")!;
  const transposed = new Float32Array(table.length);
  for (let token = 0; token < vocab_size; token++) {
    for (let i = 0; i < n_embd; i++) transposed[i * vocab_size + token] = table[token * n_embd + i];
  }
  return matrix("wte.weight", transposed, n_embd, vocab_size);
}

/** Columns of a weight that WebAssembly's kernel takes at its full speed. */
const FAST_COLUMNS = 512;

/**
 * x · W by groups of columns. A product as wide as a vocabulary is several times slower per weight
 * in WebAssembly (onnxruntime-web 1.30, one token). The pieces are cut when the graph is loaded.
 */
function inPieces(
  g: GraphBuilder,
  { vocab_size }: GptConfig,
  x: F32,
  { values, scales }: QuantizedMatrix,
  product: (x: F32, weight: QuantizedMatrix) => F32,
): F32 {
  const pieces: F32[] = [];
  for (let from = 0; from < vocab_size; from += FAST_COLUMNS) {
    const to = Math.min(from + FAST_COLUMNS, vocab_size);
    const piece = { values: g.slice(values, 1, from, to), scales: g.slice(scales, 0, from, to) };
    pieces.push(product(x, piece));
  }
  return pieces.length === 1 ? pieces[0] : g.concat(pieces, -1);
}

/** Columns `ids` (B, T) of a quantized (C, V) matrix, as float32 (B, T, C). */
function columnsOf(g: GraphBuilder, { values, scales }: QuantizedMatrix, ids: Index): F32 {
  const columns = g.cast(g.gather(values, ids, 1), "float32");
  return g.mul(g.transpose(columns, [1, 2, 0]), g.unsqueeze(g.gather(scales, ids), [2]));
}

/** Each column of a row-major (rows, columns) matrix as multiples of 1/127 of its largest value. */
export function quantizeColumns(
  data: Float32Array,
  rows: number,
  columns: number,
): { values: Int8Array; scales: Float32Array } {
  const scales = new Float32Array(columns);
  for (let i = 0; i < data.length; i++) {
    const column = i % columns;
    scales[column] = Math.max(scales[column], Math.abs(data[i]));
  }
  for (let column = 0; column < columns; column++) scales[column] = scales[column] / 127 || 1;
  const values = new Int8Array(rows * columns);
  for (let i = 0; i < data.length; i++) values[i] = Math.round(data[i] / scales[i % columns]);
  return { values, scales };
}
