/**
 * What the layers of a training graph have in common: each adds the nodes of its forward pass and
 * returns a function that adds those of its backward pass, written out by hand.
 *
 * Shapes in this folder: B sequences, T positions, N = B · T rows, C = n_embd, H heads of D = C / H,
 * V tokens of vocabulary. A gradient is named d + the value's name.
 */

import type { F32, GraphBuilder } from "../../lib/gpt/onnx/builder.ts";
import type { GptConfig } from "../../lib/gpt/config.ts";
import type { Dropped } from "./dropout.ts";

/** The graph under construction, and what all layers read from and write to. */
export interface Tape {
  readonly g: GraphBuilder;
  readonly config: GptConfig;
  /** B, the sequences of a micro-batch. */
  readonly batchSize: number;
  /** The graph input that holds a parameter. */
  parameter(name: string): F32;
  /** Takes the gradient of a parameter. */
  gradient(name: string, value: F32): void;
  /** Zeroes entries of x at random with probability p: see dropout.ts. */
  drop(x: F32, shape: readonly number[], p: number): Dropped;
}

export interface Layer {
  readonly out: F32;
  /** Given the loss' gradient by `out`, its gradient by the layer's input; notes the parameters'. */
  backward(dout: F32): F32;
}
