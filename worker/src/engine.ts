/** What computes: our WebAssembly kernels or onnxruntime-web, both with the export's ONNX file. */

import { loadServedModel, type OrtRuntime } from "../../pipeline/lib/gpt/onnx/served_model.ts";
import type { NextTokenModel } from "../../pipeline/lib/gpt/decode/types.ts";
import type { SlotState } from "../../pipeline/lib/gpt/decode/slot_model.ts";
import type { ModelShape } from "../../pipeline/lib/gpt/config.ts";
import { loadWasmModel } from "../../pipeline/lib/gpt/wasm/model.ts";
import { weightsFromOnnx } from "../../pipeline/lib/gpt/wasm/weights.ts";

/** The names that `--engine` takes. */
export const engines = ["wasm", "onnxruntime-web"] as const;
/** One of `engines`. */
export type EngineName = typeof engines[number];

/** An engine with what it is made of. */
export type Engine =
  | { name: "wasm"; /** The compiled pipeline/lib/gpt/wasm/kernels. */ kernels: WebAssembly.Module }
  | { name: "onnxruntime-web"; ort: OrtRuntime };

/**
 * Bytes of keys and values that may be remembered: each text takes 4.7 MB with nano, so that eight
 * people can type at once. An isolate has 128 MB in all; what nano takes of them with either engine
 * is in BENCHMARKS.md.
 */
export const CACHE_BYTES = 40e6;

/** Loads the bytes of an ONNX file into `engine`. */
export async function loadModel(
  engine: Engine,
  file: Uint8Array,
  shape: ModelShape,
): Promise<NextTokenModel<SlotState>> {
  if (engine.name === "wasm") {
    return loadWasmModel(engine.kernels, weightsFromOnnx(file), shape, { cacheBytes: CACHE_BYTES });
  }
  return await loadServedModel(engine.ort, file, shape, {
    cacheBytes: CACHE_BYTES,
    session: { executionProviders: ["wasm"] },
  });
}
