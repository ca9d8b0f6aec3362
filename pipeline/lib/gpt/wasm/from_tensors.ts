/**
 * A checkpoint's tensors as the worker would run them, without an export: for stages that generate
 * token by token, where ONNX Runtime copies keys and values at every step.
 */

import type { GptConfig } from "../config.ts";
import type { Tensors } from "../model/parameters.ts";
import { loadWasmModel, type WasmModel, type WasmModelOptions } from "./model.ts";
import { workerWeights } from "./write_weights.ts";

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
  return loadWasmModel(compiled, workerWeights(config, tensors), config, { cacheBytes });
}
