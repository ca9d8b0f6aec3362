/** A checkpoint's tensors as the file that the worker loads: int8 but for the layers to keep. */

import type { GptConfig } from "../config.ts";
import { parameterTable, type Tensors } from "../model/parameters.ts";
import { encodeWeights, type StoredTensor } from "./weights_file.ts";

/**
 * Linear layers and the token table as int8 with a scale per row, except those that `keep` names
 * (`h.0.attn.c_attn`, `wte`, …), which stay float32 as all other tensors do.
 */
export function workerWeights(
  config: GptConfig,
  tensors: Tensors,
  keep: ReadonlySet<string> = new Set(),
): Uint8Array<ArrayBuffer> {
  const stored = new Map<string, StoredTensor>();
  for (const { name, shape } of parameterTable(config)) {
    const data = tensors.get(name)!;
    if (shape.length === 1 || name === "wpe.weight") {
      stored.set(name, { type: "F32", shape, data: bytesOf(data) });
      continue;
    }
    const isTable = name === "wte.weight";
    const rows = isTable ? data : transposed(data, shape[0], shape[1]);
    const turned = isTable ? shape : [shape[1], shape[0]];
    if (keep.has(name.replace(/\.weight$/, ""))) {
      stored.set(name, { type: "F32", shape: turned, data: bytesOf(rows) });
      continue;
    }
    const { values, scales } = quantizeRows(rows, turned[1]);
    stored.set(name, { type: "I8", shape: turned, data: bytesOf(values) });
    stored.set(`${name}.scale`, { type: "F32", shape: [turned[0]], data: bytesOf(scales) });
  }
  return encodeWeights(stored);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int8Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[column * rows + row] = data[row * columns + column];
    }
  }
  return out;
}

/** Each row as multiples of 1/127 of its largest value. */
function quantizeRows(
  data: Float32Array,
  width: number,
): { values: Int8Array; scales: Float32Array } {
  const scales = new Float32Array(data.length / width);
  const values = new Int8Array(data.length);
  for (let row = 0; row < scales.length; row++) {
    const from = row * width;
    let largest = 0;
    for (let i = from; i < from + width; i++) largest = Math.max(largest, Math.abs(data[i]));
    scales[row] = largest / 127 || 1;
    for (let i = from; i < from + width; i++) values[i] = Math.round(data[i] / scales[row]);
  }
  return { values, scales };
}
