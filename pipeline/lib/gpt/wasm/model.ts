/** The forward pass with its memory of recent sequences, as the `NextTokenModel` of decoding. */

import type { NextTokenModel } from "../decode/types.ts";
import { type Forward, loadForward, MAX_ROWS, type ModelShape, slotBytes } from "./forward.ts";

/** A longer rest than this is another text, not a suggestion that was not taken: it is kept. */
const LONGEST_OVERWRITTEN = 48;

/** Tokens whose keys and values one slot of the memory holds. */
interface Sequence {
  slot: number;
  length: number;
  /** For each token the run that wrote it, by which states know whether theirs are still there. */
  writers: number[];
}

/** The first `length` tokens of a sequence, if the last of them is still of `writer`. */
export interface State {
  sequence: Sequence;
  length: number;
  writer: number;
}

const isUsable = ({ sequence, length, writer }: State) =>
  length <= sequence.length && sequence.writers[length - 1] === writer;

export interface WasmModelOptions {
  /** Most bytes for keys and values; at least two sequences are kept whatever it says. */
  cacheBytes?: number;
}

export interface WasmModel extends NextTokenModel<State> {
  /** Bytes of the WebAssembly memory: weights, buffers, keys and values. */
  readonly memoryBytes: number;
  readonly forward: Forward;
}

/**
 * Loads `file` (weights_file.ts) into the compiled kernels. Sequences live in a fixed number of
 * slots; a new one takes the slot of that which was longest not used. What is fed behind a shorter
 * beginning overwrites the tokens from there on, if they are few: they were a suggestion that was
 * not taken. States whose tokens are gone say so (`isUsable`).
 */
export function loadWasmModel(
  kernels: WebAssembly.Module,
  file: Uint8Array,
  shape: ModelShape,
  { cacheBytes = 0 }: WasmModelOptions = {},
): WasmModel {
  const slots = Math.max(2, Math.floor(cacheBytes / slotBytes(shape)));
  const forward = loadForward(kernels, file, shape, slots);
  const free = Array.from({ length: slots }, (_, slot) => slot);
  /** The least recently used first. */
  const sequences = new Set<Sequence>();
  let runs = 0;

  /** A sequence with a slot of its own, which may be another's that it thereby ends. */
  function newSequence(spared?: Sequence): Sequence {
    if (free.length === 0) {
      const [oldest] = [...sequences].filter((sequence) => sequence !== spared);
      oldest.length = oldest.writers.length = 0;
      sequences.delete(oldest);
      free.push(oldest.slot);
    }
    return { slot: free.pop()!, length: 0, writers: [] };
  }

  /** The sequence to write behind `state`: its own, or a copy where that would lose another text. */
  function sequenceFor(state?: State): Sequence {
    if (!state) return newSequence();
    const { sequence, length } = state;
    if (sequence.length - length <= LONGEST_OVERWRITTEN) return sequence;
    const copy = newSequence(sequence);
    forward.copySlot(sequence.slot, copy.slot, length);
    copy.writers = sequence.writers.slice(0, length);
    return copy;
  }

  function feed(tokens: readonly number[], state?: State) {
    const past = state?.length ?? 0;
    if (tokens.length === 0 || past + tokens.length > shape.n_positions) {
      throw new RangeError(
        `Cannot feed ${tokens.length} tokens after ${past}: expected at least one and at most ${shape.n_positions} in all`,
      );
    }
    if (state && !isUsable(state)) {
      throw new RangeError("Cannot feed a state whose tokens have been overwritten");
    }
    const sequence = sequenceFor(state);
    sequences.delete(sequence);
    sequences.add(sequence);
    const writer = ++runs;
    sequence.length = sequence.writers.length = past + tokens.length;
    sequence.writers.fill(writer, past);
    let logits: Float32Array = new Float32Array(0);
    for (let from = 0; from < tokens.length; from += MAX_ROWS) {
      const part = tokens.slice(from, from + MAX_ROWS);
      const isLast = from + MAX_ROWS >= tokens.length;
      logits = forward.run(part, sequence.slot, past + from, isLast ? 1 : 0);
    }
    return { logits, state: { sequence, length: sequence.length, writer } };
  }

  return {
    vocabSize: shape.vocab_size,
    contextLength: shape.n_positions,
    memoryBytes: forward.bytes,
    forward,
    // Async, so that what `feed` throws rejects.
    // deno-lint-ignore require-await
    feed: async (tokens, state) => feed(tokens, state),
    isUsable,
    truncate: ({ sequence }, length) => ({
      sequence,
      length,
      writer: sequence.writers[length - 1],
    }),
  };
}
