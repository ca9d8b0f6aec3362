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

/** Buffers grow by so many tokens, so that the graph sees few different shapes. */
const GROWTH = 64;

/**
 * Keys and values of a sequence in one buffer per input, each (heads, capacity, head width), of
 * which the first `length` rows are filled. A sequence that gets longer keeps its beginning, so
 * that every state before still holds.
 */
interface Sequence {
  length: number;
  capacity: number;
  buffers: Float32Array[];
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
  const { n_embd, n_head, n_layer, n_positions, vocab_size } = config;
  const width = n_embd / n_head;
  const layers = Array.from({ length: n_layer }, (_, layer) => layer);
  const inputs = layers.flatMap((n) => [`past_key_values.${n}.key`, `past_key_values.${n}.value`]);
  const outputs = layers.flatMap((n) => [`added_keys.${n}`, `added_values.${n}`]);
  if (!outputs.every((name) => session.outputNames.includes(name))) {
    throw new TypeError(`Cannot serve this model: it has no output ${outputs[0]}; export it again`);
  }
  const bytesPerToken = inputs.length * n_embd * Float32Array.BYTES_PER_ELEMENT;
  const oneAtATime = queue();

  async function run(tokens: readonly number[], state?: State) {
    const past = state?.length ?? 0, length = past + tokens.length;
    const sequence = state && past === state.sequence.length
      ? state.sequence
      : copyOf(state?.sequence, past);
    const { logits, ...added } = await session.run(feeds(tokens, past, sequence), [
      "logits",
      ...outputs,
    ]);
    if (length > sequence.capacity) enlarge(sequence, length);
    outputs.forEach((name, i) => append(sequence.buffers[i], added[name], sequence, past));
    sequence.length = length;
    const data = logits.data as Float32Array;
    return { logits: data.slice(data.length - vocab_size), state: { sequence, length } };
  }

  /** The rows of a buffer that are not filled yet are hidden by the attention mask. */
  function feeds(tokens: readonly number[], past: number, { capacity, buffers }: Sequence) {
    const int64 = (length: number, value: (i: number) => number) =>
      new ort.Tensor("int64", BigInt64Array.from({ length }, (_, i) => BigInt(value(i))), [
        1,
        length,
      ]);
    const given: Record<string, Ort.Tensor> = {
      input_ids: int64(tokens.length, (i) => tokens[i]),
      position_ids: int64(tokens.length, (i) => past + i),
      attention_mask: int64(capacity + tokens.length, (i) => +(i < past || i >= capacity)),
    };
    inputs.forEach((name, i) => {
      given[name] = new ort.Tensor("float32", buffers[i], [1, n_head, capacity, width]);
    });
    return given;
  }

  /** Copies the rows of `added`, (1, heads, new, width), behind the first `past` of `buffer`. */
  function append(buffer: Float32Array, added: Ort.Tensor, { capacity }: Sequence, past: number) {
    const rows = added.data as Float32Array;
    const size = rows.length / n_head;
    for (let head = 0; head < n_head; head++) {
      const row = rows.subarray(head * size, (head + 1) * size);
      buffer.set(row, (head * capacity + past) * width);
    }
  }

  /** A sequence of its own with the first `length` rows of `source`. */
  function copyOf(source: Sequence | undefined, length: number): Sequence {
    const copy: Sequence = {
      length: 0,
      capacity: 0,
      buffers: inputs.map(() => new Float32Array(0)),
    };
    if (source) {
      Object.assign(copy, { length, capacity: source.capacity, buffers: source.buffers });
      enlarge(copy, length);
    }
    return copy;
  }

  /** Moves the filled rows into new buffers that hold at least `length`. */
  function enlarge(sequence: Sequence, length: number): void {
    const capacity = Math.min(n_positions, Math.ceil(length / GROWTH) * GROWTH);
    const filled = sequence.length * width;
    sequence.buffers = sequence.buffers.map((old) => {
      const buffer = new Float32Array(n_head * capacity * width);
      for (let head = 0; head < n_head; head++) {
        const from = head * sequence.capacity * width;
        buffer.set(old.subarray(from, from + filled), head * capacity * width);
      }
      return buffer;
    });
    sequence.capacity = capacity;
  }

  return {
    vocabSize: vocab_size,
    contextLength: n_positions,
    async feed(tokens, state) {
      const past = state?.length ?? 0;
      if (tokens.length === 0 || past + tokens.length > n_positions) {
        throw new RangeError(
          `Cannot feed ${tokens.length} tokens after ${past}: expected at least one and at most ${n_positions} in all`,
        );
      }
      await letOthersRun();
      return await oneAtATime(() => run(tokens, state));
    },
    truncate: ({ sequence }, length) => ({ sequence, length }),
    stateBytes: (states) => {
      const sequences = new Set(states.map(({ sequence }) => sequence));
      return [...sequences].reduce((sum, { capacity }) => sum + capacity * bytesPerToken, 0);
    },
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
