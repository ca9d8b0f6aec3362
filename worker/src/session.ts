/**
 * The exported ONNX model behind ONNX Runtime, as the `NextTokenModel` that decoding needs. Takes
 * the runtime as an argument: WebAssembly in the worker, native on plain Deno.
 */

import type * as Ort from "onnxruntime-web";
import type { NextTokenModel } from "../../pipeline/decode/types.ts";

/** What both builds of ONNX Runtime have. */
export type Runtime = Pick<typeof Ort, "InferenceSession" | "Tensor">;

/** The fields of the export's config.json (Hugging Face `GPT2Config`) that matter here. */
export interface ModelConfig {
  vocab_size: number;
  n_positions: number;
  n_embd: number;
  n_layer: number;
  n_head: number;
}

/** Keys and values of the tokens fed so far; never written to, so that continuations can branch. */
interface KeyValues {
  length: number;
  /** By output name, `present.N.key` and `present.N.value`: (1, heads, length, head width). */
  present: Record<string, Ort.Tensor>;
}

/** Loads `model`, the bytes of an exported .onnx file; its inputs: pipeline/onnx/decoder_graph.ts. */
export async function loadModel(
  ort: Runtime,
  model: Uint8Array,
  config: ModelConfig,
  options: Ort.InferenceSession.SessionOptions,
): Promise<NextTokenModel<KeyValues>> {
  const session = await ort.InferenceSession.create(model, options);
  const { n_head, n_embd, n_layer, n_positions, vocab_size } = config;
  const dims = [1, n_head, 0, n_embd / n_head];
  const empty: KeyValues = { length: 0, present: {} };
  for (const name of session.outputNames) {
    if (name === "logits") continue;
    empty.present[name] = new ort.Tensor("float32", new Float32Array(0), dims);
  }
  const bytesPerToken = 2 * n_layer * n_embd * Float32Array.BYTES_PER_ELEMENT;
  const oneAtATime = queue();

  async function feed(tokens: readonly number[], state: KeyValues = empty) {
    const length = state.length + tokens.length;
    if (tokens.length === 0 || length > n_positions) {
      throw new RangeError(
        `Cannot feed ${tokens.length} tokens after ${state.length}: expected at least one and at most ${n_positions} in all`,
      );
    }
    await letOthersRun();
    const { logits, ...present } = await oneAtATime(() => session.run(feeds(tokens, state)));
    const data = logits.data as Float32Array;
    return { logits: data.slice(data.length - vocab_size), state: { length, present } };
  }

  function feeds(tokens: readonly number[], state: KeyValues): Record<string, Ort.Tensor> {
    const int64 = (length: number, value: (i: number) => bigint) =>
      new ort.Tensor("int64", BigInt64Array.from({ length }, (_, i) => value(i)), [1, length]);
    const given: Record<string, Ort.Tensor> = {
      input_ids: int64(tokens.length, (i) => BigInt(tokens[i])),
      position_ids: int64(tokens.length, (i) => BigInt(state.length + i)),
      attention_mask: int64(state.length + tokens.length, () => 1n),
    };
    for (const [name, tensor] of Object.entries(state.present)) {
      given[name.replace("present.", "past_key_values.")] = tensor;
    }
    return given;
  }

  return {
    vocabSize: vocab_size,
    contextLength: n_positions,
    feed,
    stateBytes: (states) => states.reduce((sum, { length }) => sum + length * bytesPerToken, 0),
  };
}

/** Runs one task after the other: a session's stack in WebAssembly holds one run at a time. */
function queue() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  };
}

/** Lets waiting requests and cancellations through: a run blocks the only thread. */
const letOthersRun = () => new Promise((resolve) => setTimeout(resolve, 0));
