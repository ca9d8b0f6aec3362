/** The forward pass with its memory of recent texts, as the `NextTokenModel` of decoding. */

import { slotModel, type SlotState } from "../decode/slot_model.ts";
import type { NextTokenModel } from "../decode/types.ts";
import type { ModelShape } from "../config.ts";
import { type Forward, loadForward, MAX_ROWS, slotBytes } from "./forward.ts";
import type { StoredWeights } from "./weights.ts";

export interface WasmModelOptions {
  /** Most bytes for keys and values; at least two sequences are kept whatever it says. */
  cacheBytes?: number;
}

export interface WasmModel extends NextTokenModel<SlotState> {
  /** Bytes of the WebAssembly memory: weights, buffers, keys and values. */
  readonly memoryBytes: number;
  readonly forward: Forward;
}

/** Loads weights (weights.ts) into the compiled kernels; throws a `TypeError` if one is missing. */
export function loadWasmModel(
  kernels: WebAssembly.Module,
  weights: StoredWeights,
  shape: ModelShape,
  { cacheBytes = 0 }: WasmModelOptions = {},
): WasmModel {
  const slots = Math.max(2, Math.floor(cacheBytes / slotBytes(shape)));
  const forward = loadForward(kernels, weights, shape, slots);
  const model = slotModel({
    vocabSize: shape.vocab_size,
    contextLength: shape.n_positions,
    slots,
    maxTokens: MAX_ROWS,
    run: forward.run,
    copySlot: forward.copySlot,
  });
  return { ...model, memoryBytes: forward.bytes, forward };
}
