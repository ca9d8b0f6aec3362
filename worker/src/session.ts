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

/**
 * Keys and values of a sequence, by output name (`present.N.key`, `present.N.value`), each
 * (1, heads, length, head width). Grows in place: what it was for fewer tokens is its beginning.
 */
interface Sequence {
  length: number;
  present: Record<string, Ort.Tensor>;
}

/** The first `length` tokens of a sequence, which others may have made longer since. */
interface State {
  sequence: Sequence;
  length: number;
}

/** Loads `model`, the bytes of an exported .onnx file; its inputs: pipeline/onnx/decoder_graph.ts. */
export async function loadModel(
  ort: Runtime,
  model: Uint8Array,
  config: ModelConfig,
  options: Ort.InferenceSession.SessionOptions,
): Promise<NextTokenModel<State>> {
  const session = await ort.InferenceSession.create(model, options);
  const { n_embd, n_layer, n_positions, vocab_size } = config;
  const bytesPerToken = 2 * n_layer * n_embd * Float32Array.BYTES_PER_ELEMENT;
  const names = session.outputNames.filter((name) => name !== "logits");
  const oneAtATime = queue();

  const feed = (tokens: readonly number[], state?: State) => {
    const past = state?.length ?? 0, length = past + tokens.length;
    if (tokens.length === 0 || length > n_positions) {
      throw new RangeError(
        `Cannot feed ${tokens.length} tokens after ${past}: expected at least one and at most ${n_positions} in all`,
      );
    }
    return oneAtATime(async () => {
      const sequence = state && state.length === state.sequence.length
        ? state.sequence
        : { length: past, present: beginning(ort, names, config, state) };
      const given = feeds(ort, tokens, past, sequence.present);
      const { logits, ...present } = await session.run(given);
      Object.assign(sequence, { length, present });
      const data = logits.data as Float32Array;
      return { logits: data.slice(data.length - vocab_size), state: { sequence, length } };
    });
  };

  return {
    vocabSize: vocab_size,
    contextLength: n_positions,
    feed: async (tokens, state) => {
      await letOthersRun();
      return await feed(tokens, state);
    },
    truncate: ({ sequence }, length) => ({ sequence, length }),
    stateBytes: (states) => {
      const sequences = new Set(states.map(({ sequence }) => sequence));
      return [...sequences].reduce((sum, { length }) => sum + length * bytesPerToken, 0);
    },
  };
}

/** Copies of the first `state.length` keys and values; empty tensors where there is no state. */
function beginning(
  ort: Runtime,
  names: readonly string[],
  { n_head, n_embd }: ModelConfig,
  state?: State,
): Record<string, Ort.Tensor> {
  const width = n_embd / n_head, length = state?.length ?? 0;
  return Object.fromEntries(names.map((name) => {
    const data = new Float32Array(n_head * length * width);
    if (state) {
      const whole = state.sequence.present[name].data as Float32Array;
      const stride = state.sequence.length * width;
      for (let head = 0; head < n_head; head++) {
        const part = whole.subarray(head * stride, head * stride + length * width);
        data.set(part, head * length * width);
      }
    }
    return [name, new ort.Tensor("float32", data, [1, n_head, length, width])];
  }));
}

function feeds(
  ort: Runtime,
  tokens: readonly number[],
  past: number,
  present: Record<string, Ort.Tensor>,
): Record<string, Ort.Tensor> {
  const int64 = (length: number, value: (i: number) => number) =>
    new ort.Tensor("int64", BigInt64Array.from({ length }, (_, i) => BigInt(value(i))), [
      1,
      length,
    ]);
  const given: Record<string, Ort.Tensor> = {
    input_ids: int64(tokens.length, (i) => tokens[i]),
    position_ids: int64(tokens.length, (i) => past + i),
    attention_mask: int64(past + tokens.length, () => 1),
  };
  for (const [name, tensor] of Object.entries(present)) {
    given[name.replace("present.", "past_key_values.")] = tensor;
  }
  return given;
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
