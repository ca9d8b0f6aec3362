/** Probabilities of whole sequences at once: for validation loss, bits per character, accuracy. */

import type { GptConfig } from "../config.ts";
import type { Tensors } from "../model/parameters.ts";
import type { GraphBuilder } from "./builder.ts";
import { loadRuntime, type Runtime } from "./runtime.ts";
import { scorerGraph } from "./scorer_graph.ts";
import { float32Weights, type Weights } from "./weights.ts";

export interface Scores {
  /** (batch, time): ln p(target | inputs up to and including this position), in nats. */
  logProbabilities: Float32Array;
}

export interface Scorer {
  /** `inputs` and `targets` are (batch, length) with length ≤ n_positions. */
  score(inputs: Int32Array, targets: Int32Array, length: number): Promise<Scores>;
  close(): Promise<void>;
}

/** A model that reads whole sequences without a cache, as training does. */
export interface LogitsModel {
  /** (batch, length, vocab) for inputs (batch, length). */
  logits(inputs: Int32Array, length: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Loads the graph that gives all logits of a checkpoint's tensors. */
export async function logitsFromTensors(
  config: GptConfig,
  parameters: Tensors,
  given?: Runtime,
): Promise<LogitsModel> {
  const runtime = given ?? await loadRuntime();
  const file = scorerGraph(config, (g) => float32Weights(g, config, parameters), "logits");
  const session = await runtime.createSession(file);
  return {
    async logits(inputs, length) {
      const dims = [inputs.length / length, length];
      const input_ids = new runtime.Tensor("int32", inputs, dims);
      return (await session.run({ input_ids })).logits.data as Float32Array;
    },
    close: () => session.release(),
  };
}

/** Loads a scorer of a checkpoint's tensors. */
export function scorerFromTensors(
  config: GptConfig,
  parameters: Tensors,
  runtime?: Runtime,
): Promise<Scorer> {
  return scorerFromWeights(config, (g) => float32Weights(g, config, parameters), runtime);
}

/** The same for weights in any arithmetic. */
export async function scorerFromWeights(
  config: GptConfig,
  makeWeights: (g: GraphBuilder) => Weights,
  given?: Runtime,
): Promise<Scorer> {
  const runtime = given ?? await loadRuntime();
  const session = await runtime.createSession(scorerGraph(config, makeWeights, "log_probability"));
  const matrix = (data: Int32Array, length: number) =>
    new runtime.Tensor("int32", data, [data.length / length, length]);
  return {
    async score(inputs, targets, length) {
      if (
        length > config.n_positions || inputs.length % length || inputs.length !== targets.length
      ) {
        throw new RangeError(
          `Cannot score ${inputs.length} inputs and ${targets.length} targets in rows of ${length}: ` +
            `expected equally many full rows of at most ${config.n_positions}`,
        );
      }
      const results = await session.run({
        input_ids: matrix(inputs, length),
        targets: matrix(targets, length),
      });
      return { logProbabilities: results.log_probability.data as Float32Array };
    },
    close: () => session.release(),
  };
}
