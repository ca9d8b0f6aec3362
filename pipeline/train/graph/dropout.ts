/**
 * Dropout (Srivastava et al. 2014) with masks that are fed from outside: ONNX Runtime's own random
 * operators continue one hidden sequence, which could be neither repeated nor resumed.
 */

import { mix32 } from "../../lib/base/random.ts";
import type { F32, GraphBuilder } from "../../lib/gpt/onnx/builder.ts";
import type { Layer, Tape } from "./layer.ts";

/** An input of the graph: 1 where a value is kept, 0 where it is dropped. */
export interface Mask {
  name: string;
  shape: readonly number[];
  /** Probability of a 0. */
  p: number;
}

/**
 * Where values are dropped: `out` has zeroes there, and so has what `backward` returns. What is left
 * is to be multiplied by `scale`, 1 / (1 − p), in both directions: a product that follows can do it.
 */
export interface Dropped extends Layer {
  readonly scale: number;
}

/** The masks of one graph, in the order in which `drop` asked for them. */
export function dropoutMasks(g: GraphBuilder, enabled: boolean): {
  masks: Mask[];
  drop(x: F32, shape: readonly number[], p: number): Dropped;
} {
  const masks: Mask[] = [];
  return {
    masks,
    drop(x, shape, p) {
      if (!enabled || p === 0) return { out: x, backward: (dout) => dout, scale: 1 };
      const name = `keep.${masks.length}`;
      masks.push({ name, shape, p });
      const keep = g.input(name, "bool", shape);
      const apply = (value: F32) => g.where(keep, value, g.scalar(0));
      return { out: apply(x), backward: apply, scale: 1 / (1 - p) };
    },
  };
}

/** Zeroes entries of x at random with probability p and multiplies the others by 1 / (1 − p). */
export function dropout(tape: Tape, x: F32, shape: readonly number[], p: number): Layer {
  const { g } = tape;
  const { out, backward, scale } = tape.drop(x, shape, p);
  if (scale === 1) return { out, backward };
  return {
    out: g.mul(out, g.scalar(scale)),
    backward: (dout) => g.mul(backward(dout), g.scalar(scale)),
  };
}

/** xorshift32 (Marsaglia 2003): no state may be 0. */
const next = (x: number): number => {
  x ^= x << 13;
  x ^= x >>> 17;
  return x ^ (x << 5);
};

/**
 * Fills `keep` with ones and zeros that depend on `seed`, `step`, `part` and `mask` only.
 *
 * Four 7-bit numbers of one random word are compared with a threshold at once: adding 128 − t sets
 * a byte's top bit if the number is at least t. 128 p is seldom an integer, so that t is the next
 * integer below or above, as often as makes p come out right.
 */
export function fillMask(
  keep: Uint8Array<ArrayBuffer>,
  p: number,
  key: { seed: number; step: number; part: number; mask: number },
): void {
  let state = 0x9e3779b9;
  for (const part of [key.seed, key.step, key.part, key.mask]) state = mix32(state + part | 0);
  state ||= 1;
  const below = Math.floor(128 * p);
  const lower = (128 - below) * 0x01010101;
  const fraction = Math.round((128 * p - below) * 2 ** 32);
  const words = new Uint32Array(keep.buffer, keep.byteOffset, keep.length >> 2);
  for (let i = 0; i < words.length; i++) {
    state = next(state);
    const offset = (Math.imul(state, 0x9e3779b1) >>> 0) < fraction ? lower - 0x01010101 : lower;
    words[i] = (((state & 0x7f7f7f7f) + offset) & 0x80808080) >>> 7;
  }
  for (let i = words.length * 4; i < keep.length; i++) {
    state = next(state);
    keep[i] = (state >>> 0) >= p * 2 ** 32 ? 1 : 0;
  }
}
