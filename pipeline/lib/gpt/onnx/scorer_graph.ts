/**
 * A graph that reads whole sequences without a cache. Either the logits stay inside and only the
 * targets' probabilities come out, or the logits do.
 *
 * | input           | type  | shape         |
 * |-----------------|-------|---------------|
 * | input_ids       | int32 | (batch, time) |
 * | targets         | int32 | (batch, time) |
 *
 * | output          | type    | shape            |
 * |-----------------|---------|------------------|
 * | log_probability | float32 | (batch, time): ln p(target given the inputs up to this one) |
 * | logits          | float32 | (batch, time, vocab): in its place, without `targets` |
 */

import type { GptConfig } from "../config.ts";
import { GraphBuilder } from "./builder.ts";
import { attention, HIDDEN_SCORE, hiddenStates } from "./transformer.ts";
import type { Weights } from "./weights.ts";

export type ScorerOutput = "log_probability" | "logits";

/** The model as an ONNX file; `makeWeights` decides how its layers are stored. */
export function scorerGraph(
  config: GptConfig,
  makeWeights: (g: GraphBuilder) => Weights,
  output: ScorerOutput,
): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder("gpt2_scorer");
  const weights = makeWeights(g);
  const ids = g.input("input_ids", "int32", ["batch", "time"]);
  const positions = g.range(g.int(0), g.squeeze(g.size(ids, 1)));
  const notLater = g.lessOrEqual(positions, g.unsqueeze(positions, [1]));
  const mask = g.where(notLater, g.scalar(0), g.scalar(HIDDEN_SCORE));
  const hidden = hiddenStates(g, config, weights, {
    ids,
    positions,
    attend: (_layer, heads) => attention(g, { ...heads, mask }),
  });
  const logits = weights.logits(hidden);
  if (output === "logits") {
    g.output("logits", logits, ["batch", "time", config.vocab_size]);
    return g.toBytes();
  }
  const targets = g.input("targets", "int32", ["batch", "time"]);
  const logProbabilities = g.logSoftmax(logits);
  const chosen = g.gatherElements(logProbabilities, g.unsqueeze(targets, [2]));
  g.output("log_probability", g.reshape(chosen, [0, 0]), ["batch", "time"]);
  return g.toBytes();
}
