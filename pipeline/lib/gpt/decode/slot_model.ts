/**
 * A model that remembers recent texts in a fixed number of slots, each with room for the keys and
 * values of one: the `NextTokenModel` around an engine that only computes.
 */

import { makesRoom } from "./shares.ts";
import type { NextTokenModel } from "./types.ts";

/** What an engine does for a slot model. */
export interface SlotEngine {
  readonly vocabSize: number;
  readonly contextLength: number;
  /** How many texts are remembered; at least two, so that one can be copied from the other. */
  readonly slots: number;
  /** Most tokens of one `run`. */
  readonly maxTokens: number;
  /**
   * Computes `tokens` behind the first `past` of `slot`, whose keys and values it extends, and the
   * logits of the last `rows` of them: (rows, vocab), a copy.
   */
  run(
    tokens: readonly number[],
    slot: number,
    past: number,
    rows: number,
  ): Float32Array | Promise<Float32Array>;
  /** Copies the keys and values of the first `length` tokens into another slot. */
  copySlot(from: number, to: number, length: number): void;
}

/** A longer rest than this is another text, not a suggestion that was not taken: it is kept. */
const LONGEST_OVERWRITTEN = 48;

/** Tokens whose keys and values one slot holds. */
interface Sequence {
  owner: string;
  slot: number;
  length: number;
  /** For each token the run that wrote it, by which states know whether theirs are still there. */
  writers: number[];
}

/** The first `length` tokens of a sequence, if the last of them is still of `writer`. */
export interface SlotState {
  sequence: Sequence;
  length: number;
  writer: number;
}

const isUsable = ({ sequence, length, writer }: SlotState) =>
  length <= sequence.length && sequence.writers[length - 1] === writer;

/**
 * A new sequence takes the slot of that which was longest not used, among those of the owner who has
 * most: generation in many choices must not cost others their texts. What is fed behind a shorter
 * beginning overwrites the tokens from there on, if they are few: they were a suggestion that was
 * not taken. States whose tokens are gone say so (`isUsable`).
 */
export function slotModel(
  engine: SlotEngine,
): Required<NextTokenModel<SlotState>> {
  const { vocabSize, contextLength, maxTokens } = engine;
  const free = Array.from({ length: engine.slots }, (_, slot) => slot);
  /** The least recently used first. */
  const sequences = new Set<Sequence>();
  let runs = 0;

  /** A sequence with a slot of its own, which may be another's that it thereby ends. */
  function newSequence(owner: string, spared?: Sequence): Sequence {
    if (free.length === 0) {
      const oldest = makesRoom(
        [...sequences].filter((sequence) => sequence !== spared),
        (sequence) => sequence.owner,
        owner,
      );
      oldest.length = oldest.writers.length = 0;
      sequences.delete(oldest);
      free.push(oldest.slot);
    }
    return { owner, slot: free.pop()!, length: 0, writers: [] };
  }

  /** The sequence to write behind `state`: its own, or a copy where that would lose another text. */
  function sequenceFor(owner: string, state?: SlotState): Sequence {
    if (!state) return newSequence(owner);
    const { sequence, length } = state;
    if (sequence.length - length <= LONGEST_OVERWRITTEN) return sequence;
    const copy = newSequence(owner, sequence);
    engine.copySlot(sequence.slot, copy.slot, length);
    copy.writers = sequence.writers.slice(0, length);
    return copy;
  }

  async function feed(tokens: readonly number[], state?: SlotState, owner = "") {
    const past = state?.length ?? 0;
    if (tokens.length === 0 || past + tokens.length > contextLength) {
      throw new RangeError(
        `Cannot feed ${tokens.length} tokens after ${past}: expected at least one and at most ${contextLength} in all`,
      );
    }
    if (state && !isUsable(state)) {
      throw new RangeError("Cannot feed a state whose tokens have been overwritten");
    }
    const sequence = sequenceFor(owner, state);
    sequences.delete(sequence);
    sequences.add(sequence);
    const writer = ++runs;
    sequence.length = sequence.writers.length = past + tokens.length;
    sequence.writers.fill(writer, past);
    let logits: Float32Array = new Float32Array(0);
    try {
      for (let from = 0; from < tokens.length; from += maxTokens) {
        const part = tokens.slice(from, from + maxTokens);
        const isLast = from + maxTokens >= tokens.length;
        logits = await engine.run(part, sequence.slot, past + from, isLast ? 1 : 0);
      }
    } catch (error) {
      sequence.length = sequence.writers.length = past;
      throw error;
    }
    return { logits, state: { sequence, length: past + tokens.length, writer } };
  }

  return {
    vocabSize,
    contextLength,
    feed,
    isUsable,
    truncate: ({ sequence }, length) => ({
      sequence,
      length,
      writer: sequence.writers[length - 1],
    }),
  };
}
