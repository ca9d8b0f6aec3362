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

/** A longer rest than this is another text, not a suggestion that was not taken: it is kept. */
const LONGEST_OVERWRITTEN = 48;

/**
 * Keys and values of a sequence in one buffer per input, each (heads, capacity, head width), of
 * which the first `length` rows are filled. What is fed behind a shorter beginning overwrites the
 * rows from there on, if they are few: they were a suggestion that was not taken.
 */
interface Sequence {
  length: number;
  capacity: number;
  buffers: Float32Array[];
  /** For each row the run that wrote it, by which states know whether theirs are still there. */
  writers: number[];
}

/** The first `length` tokens of a sequence, if its last row is still of `writer`. */
interface State {
  sequence: Sequence;
  length: number;
  writer: number;
}

const isUsable = ({ sequence, length, writer }: State) => sequence.writers[length - 1] === writer;

/**
 * Loads `model`, the bytes of an exported .onnx file; its inputs: pipeline/onnx/decoder_graph.ts.
 * One `feed` at a time: a session's stack in WebAssembly holds one run (the decoder sees to it).
 */
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
  let runs = 0;

  async function run(tokens: readonly number[], state?: State) {
    const past = state?.length ?? 0, length = past + tokens.length;
    const sequence = sequenceFor(state);
    const fetched = await session.run(feeds(tokens, past, sequence), ["logits", ...outputs]);
    sequence.length = past;
    if (length > sequence.capacity) enlarge(sequence, length);
    outputs.forEach((name, i) => append(sequence.buffers[i], fetched[name], sequence));
    const writer = ++runs;
    sequence.length = sequence.writers.length = length;
    sequence.writers.fill(writer, past);
    const data = fetched.logits.data as Float32Array;
    return { logits: data.slice(data.length - vocab_size), state: { sequence, length, writer } };
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

  /** Copies the rows of `added`, (1, heads, new, width), behind those that are filled. */
  function append(buffer: Float32Array, added: Ort.Tensor, { length, capacity }: Sequence) {
    const rows = added.data as Float32Array;
    const size = rows.length / n_head;
    for (let head = 0; head < n_head; head++) {
      const row = rows.subarray(head * size, (head + 1) * size);
      buffer.set(row, (head * capacity + length) * width);
    }
  }

  /** The sequence to write behind `state`: its own, or a copy where that would lose another text. */
  function sequenceFor(state?: State): Sequence {
    if (state && state.sequence.length - state.length <= LONGEST_OVERWRITTEN) return state.sequence;
    const none = { length: 0, capacity: 0, buffers: inputs.map(() => new Float32Array(0)) };
    if (!state) return { ...none, writers: [] };
    const writers = state.sequence.writers.slice(0, state.length);
    const copy = { ...state.sequence, length: state.length, writers };
    enlarge(copy, state.length);
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
      if (state && !isUsable(state)) {
        throw new RangeError("Cannot feed a state whose tokens have been overwritten");
      }
      return await run(tokens, state);
    },
    isUsable,
    truncate: ({ sequence }, length) => ({
      sequence,
      length,
      writer: sequence.writers[length - 1],
    }),
    stateBytes: (states) => {
      const sequences = new Set(states.map(({ sequence }) => sequence));
      return [...sequences].reduce((sum, { capacity }) => sum + capacity * bytesPerToken, 0);
    },
  };
}
