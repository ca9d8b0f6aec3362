/**
 * GPT-2's forward pass over a few new tokens (Radford et al. 2019; Hugging Face `GPT2LMHeadModel`)
 * as a row of kernel calls. Weights and buffers lie in one WebAssembly memory (memory.ts), the keys
 * and values of earlier tokens in slots of it.
 */

import type { ModelShape } from "../config.ts";
import { Layout, padded } from "./memory.ts";
import type { StoredTensor, StoredWeights } from "./weights.ts";

/** Values of a head in the cache: rows of keys are read four at a time. */
const paddedHead = ({ n_embd, n_head }: ModelShape) => 4 * Math.ceil(n_embd / n_head / 4);

/** Bytes that the keys and values of one sequence take. */
export const slotBytes = (shape: ModelShape): number =>
  4 * 2 * shape.n_layer * shape.n_head * shape.n_positions * paddedHead(shape);

/** Tokens that go through the layers together; buffers are as long. */
export const MAX_ROWS = 32;

/** What kernels/mod.ts exports; every argument is an address or a size. */
type Kernel = (...values: number[]) => void;
type Kernels = Record<
  | "attention"
  | "embedFloat32"
  | "embedInt8"
  | "gelu"
  | "layernorm"
  | "linearFloat32"
  | "linearInt8"
  | "quantizeRows",
  Kernel
>;

/** A linear layer: y = x · Wᵀ + b. */
interface Linear {
  weight: number;
  /** Address of the rows' scales; 0 where the weight is float32. */
  scale: number;
  bias: number;
  /** Padded. */
  inputs: number;
  outputs: number;
  /** Largest of a quantized activation: `inputs` products with int8 stay within int32. */
  limit: number;
}

interface Norm {
  weight: number;
  bias: number;
}

interface Block {
  ln1: Norm;
  qkv: Linear;
  project: Linear;
  ln2: Norm;
  expand: Linear;
  contract: Linear;
}

export interface Forward {
  readonly shape: ModelShape;
  /** Slots for keys and values, each for `n_positions` tokens. */
  readonly slots: number;
  /** Bytes of the whole memory. */
  readonly bytes: number;
  /**
   * Computes `tokens` (at most MAX_ROWS) behind the first `past` of `slot`, whose keys and values
   * it extends, and the logits of the last `rows` of them: (rows, vocab), a copy.
   */
  run(tokens: readonly number[], slot: number, past: number, rows: number): Float32Array;
  /** Copies the keys and values of the first `length` tokens into another slot. */
  copySlot(from: number, to: number, length: number): void;
}

/** Instantiates the compiled kernels around `weights`; throws a `TypeError` if one is missing. */
export function loadForward(
  kernels: WebAssembly.Module,
  weights: StoredWeights,
  shape: ModelShape,
  slots: number,
): Forward {
  const { n_embd, n_head, n_layer, n_positions, vocab_size } = shape;
  const layout = new Layout();
  const tensor = (name: string): StoredTensor => {
    const found = weights.get(name);
    if (found) return found;
    throw new TypeError(
      `Cannot serve this model: its graph has no ${name}; run "deno task export" again, or serve an ` +
        `ONNX file of other tools with --engine onnxruntime-web`,
    );
  };
  const placed = (name: string) => layout.place(tensor(name));
  const linear = (name: string, bias: number): Linear => {
    const { type, shape: [outputs, inputs] } = tensor(`${name}.weight`);
    return {
      weight: placed(`${name}.weight`),
      scale: type === "I8" ? placed(`${name}.weight.scale`) : 0,
      bias,
      inputs: padded(inputs),
      outputs: padded(outputs),
      limit: Math.min(32767, Math.floor((2 ** 31 - 1) / (127 * inputs))),
    };
  };
  const layer = (name: string) => linear(name, placed(`${name}.bias`));
  const norm = (name: string) => ({
    weight: placed(`${name}.weight`),
    bias: placed(`${name}.bias`),
  });
  const blocks = Array.from({ length: n_layer }, (_, i): Block => ({
    ln1: norm(`h.${i}.ln_1`),
    qkv: layer(`h.${i}.attn.c_attn`),
    project: layer(`h.${i}.attn.c_proj`),
    ln2: norm(`h.${i}.ln_2`),
    expand: layer(`h.${i}.mlp.c_fc`),
    contract: layer(`h.${i}.mlp.c_proj`),
  }));
  const lnF = norm("ln_f");
  const wpe = placed("wpe.weight");
  const head = linear("wte", layout.floats(padded(vocab_size)));

  const width = padded(n_embd), wide = padded(4 * n_embd);
  const headWidth = paddedHead(shape);
  const ids = layout.reserve(4 * MAX_ROWS);
  const x = layout.floats(MAX_ROWS * width);
  const normed = layout.floats(MAX_ROWS * width);
  const inner = layout.floats(MAX_ROWS * Math.max(wide, padded(3 * n_embd)));
  const quantized = layout.reserve(2 * MAX_ROWS * wide);
  const rowScales = layout.floats(MAX_ROWS);
  const scratch = layout.floats(2 * headWidth + n_positions + 4);
  const logits = layout.floats(MAX_ROWS * padded(vocab_size));
  const cacheFloats = n_head * n_positions * headWidth;
  // Attention reads four rows of keys at a time.
  const cache = layout.floats(slots * n_layer * 2 * cacheFloats + 4 * headWidth);

  const memory = layout.allocate();
  const k = new WebAssembly.Instance(kernels, { env: { memory } }).exports as unknown as Kernels;

  function apply(layer: Linear, from: number, to: number, rows: number, add = 0): void {
    const { weight, scale, bias, inputs, outputs, limit } = layer;
    if (scale === 0) {
      k.linearFloat32(from, weight, bias, to, rows, inputs, outputs, add);
      return;
    }
    k.quantizeRows(from, quantized, rowScales, rows, inputs, limit);
    k.linearInt8(quantized, rowScales, weight, scale, bias, to, rows, inputs, outputs, add);
  }

  const layernorm = ({ weight, bias }: Norm, from: number, to: number, rows: number) =>
    k.layernorm(from, weight, bias, to, rows, width, n_embd, shape.layer_norm_epsilon);

  /** Address of a layer's keys in a slot; the values follow. */
  const keysOf = (slot: number, layer: number) =>
    cache + 4 * cacheFloats * 2 * (slot * n_layer + layer);

  function run(tokens: readonly number[], slot: number, past: number, wanted: number) {
    const rows = tokens.length;
    new Int32Array(memory.buffer, ids, rows).set(tokens);
    if (head.scale) k.embedInt8(ids, head.weight, head.scale, wpe, x, rows, width, past);
    else k.embedFloat32(ids, head.weight, wpe, x, rows, width, past);
    for (const [i, { ln1, qkv, project, ln2, expand, contract }] of blocks.entries()) {
      layernorm(ln1, x, normed, rows);
      apply(qkv, normed, inner, rows);
      const keys = keysOf(slot, i), values = keys + 4 * cacheFloats;
      // deno-fmt-ignore
      k.attention(
        inner, keys, values, normed, scratch,
        rows, past, n_head, n_embd / n_head, n_positions, qkv.outputs, width,
      );
      apply(project, normed, x, rows, 1);
      layernorm(ln2, x, normed, rows);
      apply(expand, normed, inner, rows);
      k.gelu(inner, rows * expand.outputs);
      apply(contract, inner, x, rows, 1);
    }
    layernorm(lnF, x + 4 * width * (rows - wanted), normed, wanted);
    apply(head, normed, logits, wanted);
    const out = new Float32Array(wanted * vocab_size);
    for (let row = 0; row < wanted; row++) {
      const at = logits + 4 * row * head.outputs;
      out.set(new Float32Array(memory.buffer, at, vocab_size), row * vocab_size);
    }
    return out;
  }

  function copySlot(from: number, to: number, length: number): void {
    const floats = new Float32Array(memory.buffer);
    for (let layer = 0; layer < n_layer; layer++) {
      for (let part = 0; part < 2 * n_head; part++) {
        const offset = part * n_positions * headWidth;
        const source = keysOf(from, layer) / 4 + offset;
        floats.copyWithin(keysOf(to, layer) / 4 + offset, source, source + length * headWidth);
      }
    }
  }

  return { shape, slots, bytes: memory.buffer.byteLength, run, copySlot };
}
