/**
 * A checkpoint's tensors as the worker would run them, without an export: for stages that generate
 * token by token, where ONNX Runtime copies keys and values at every step.
 */

import type { GptConfig } from "../config.ts";
import { parameterTable, type Tensors } from "../model/parameters.ts";
import { quantizeColumns } from "../onnx/int8_weights.ts";
import { loadWasmModel, type WasmModel, type WasmModelOptions } from "./model.ts";
import { isLinear, type StoredTensor, type StoredWeights } from "./weights.ts";

/** Keys and values of some twenty texts of the largest model trained on a CPU here. */
const CACHE_BYTES = 64e6;

/**
 * All linear layers in int8, as the worker has them unless export's gates keep one in float32.
 * `kernels` is what `compileKernels` returned: the compiler is not imported here, because a thread
 * that waits for it to load misses the messages it is sent meanwhile.
 */
export async function wasmModelFromTensors(
  config: GptConfig,
  tensors: Tensors,
  kernels: Uint8Array<ArrayBuffer>,
  { cacheBytes = CACHE_BYTES }: WasmModelOptions = {},
): Promise<WasmModel> {
  const compiled = await WebAssembly.compile(kernels);
  return loadWasmModel(compiled, weightsFromTensors(config, tensors), config, { cacheBytes });
}

/**
 * What `weightsFromOnnx` finds in the export of a checkpoint: linear layers and the token table in int8, except those that `keep`
 * names (`h.0.attn.c_attn`, `wte`, …), which stay float32 as all other tensors do.
 */
export function weightsFromTensors(
  config: GptConfig,
  tensors: Tensors,
  keep: ReadonlySet<string> = new Set(),
): StoredWeights {
  const stored = new Map<string, StoredTensor>();
  for (const { name, shape } of parameterTable(config)) {
    const data = tensors.get(name)!;
    const isTable = name === "wte.weight", turned = [...shape].reverse();
    if (keep.has(name.replace(/\.weight$/, "")) || !(isTable || isLinear(name))) {
      const transposed = isLinear(name);
      stored.set(name, {
        type: "F32",
        shape: transposed ? turned : shape,
        data: bytesOf(data),
        transposed,
      });
      continue;
    }
    // A row of the token table is a column of the head.
    const columns = isTable ? transposedMatrix(data, shape[0], shape[1]) : data;
    const [inputs, outputs] = isTable ? turned : shape;
    const { values, scales } = quantizeColumns(columns, inputs, outputs);
    const rows = { type: "I8" as const, shape: [outputs, inputs], data: bytesOf(values) };
    stored.set(name, { ...rows, transposed: true });
    stored.set(`${name}.scale`, { type: "F32", shape: [outputs], data: bytesOf(scales) });
  }
  return stored;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int8Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function transposedMatrix(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[column * rows + row] = data[row * columns + column];
    }
  }
  return out;
}
