/**
 * A checkpoint's tensors as the worker would run them, without an export: for stages that generate
 * token by token, where ONNX Runtime copies keys and values at every step.
 */

import type { GptConfig } from "../config.ts";
import type { Tensors } from "../model/parameters.ts";
import { compileKernels } from "./compile.ts";
import { loadWasmModel, type WasmModel, type WasmModelOptions } from "./model.ts";
import { workerWeights } from "./write_weights.ts";

/** Keys and values of some twenty texts of the largest model trained on a CPU here. */
const CACHE_BYTES = 64e6;

export interface FromTensorsOptions extends WasmModelOptions {
  /** What `compileKernels` returned, which takes a second or two; compiled anew if absent. */
  kernels?: Uint8Array<ArrayBuffer>;
}

/** All linear layers in int8, as the worker has them unless export's gates keep one in float32. */
export async function wasmModelFromTensors(
  config: GptConfig,
  tensors: Tensors,
  { kernels, cacheBytes = CACHE_BYTES }: FromTensorsOptions = {},
): Promise<WasmModel> {
  const compiled = await WebAssembly.compile(kernels ?? await compileKernels());
  return loadWasmModel(compiled, workerWeights(config, tensors), config, { cacheBytes });
}
