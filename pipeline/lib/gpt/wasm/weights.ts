/**
 * The weights that the kernels run on, out of the export's ONNX graph. A weight is `scale · q` with q
 * in −127…127 and one scale per output (onnx/int8_weights.ts).
 *
 * | tensor                     | type      | shape                                            |
 * |----------------------------|-----------|--------------------------------------------------|
 * | NAME.weight, linear layers | I8 or F32 | (outputs, inputs): one row per output            |
 * | wte.weight                 | I8 or F32 | (vocab, width): lookup table and head            |
 * | NAME.weight.scale          | F32       | (rows): what a unit of each I8 row is worth      |
 * | wpe, LayerNorms, biases    | F32       | as in Hugging Face's file                        |
 *
 * Pure, so that the worker can read it.
 */

import { FLOAT, INT8, readInitializers } from "../onnx/initializers.ts";

/** A tensor; `data` are its bytes, of which nothing was copied. */
export interface StoredTensor {
  type: "I8" | "F32";
  /** As the kernels read it. */
  shape: readonly number[];
  data: Uint8Array;
  /** `data` holds it column by column, as ONNX's MatMul takes a weight. */
  transposed?: boolean;
}

export type StoredWeights = ReadonlyMap<string, StoredTensor>;

/** Whether `name` is the matrix of a linear layer, stored (inputs, outputs) everywhere but here. */
export const isLinear = (name: string) => /^h\.\d+\.(attn|mlp)\.c_\w+\.weight$/.test(name);

/**
 * The weights in the ONNX file that `deno task export` wrote, int8 or float32. Throws a `TypeError`
 * where `file` is no ONNX file; what it lacks of a GPT-2 is noticed when the model is loaded.
 */
export function weightsFromOnnx(file: Uint8Array): StoredWeights {
  const stored = new Map<string, StoredTensor>();
  for (const { name, type, dims, data } of readInitializers(file)) {
    const quantized = name.endsWith(".quantized");
    if (type === INT8 && quantized && dims.length === 2) {
      const shape = [dims[1], dims[0]];
      stored.set(name.slice(0, -".quantized".length), {
        type: "I8",
        shape,
        data,
        transposed: true,
      });
    } else if (type === FLOAT) {
      const transposed = isLinear(name);
      stored.set(name, {
        type: "F32",
        shape: transposed ? [dims[1], dims[0]] : dims,
        data,
        transposed,
      });
    }
  }
  return stored;
}
