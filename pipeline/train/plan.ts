/** What a run is going to do and how long it takes here, said before its first step. */

import type { GptConfig, TrainConfig } from "../lib/gpt/config.ts";
import { duration, format } from "../lib/base/format.ts";
import { flopsPerToken } from "./terminal.ts";

/** One phase of a run. */
export interface Phase {
  /** As in `public texts`. */
  name: string;
  train: TrainConfig;
  /** Of the token file. */
  tokens: number;
  /** Steps that are behind it. */
  done: number;
}

/** What training reaches of the machine's best at matrix products, between busy and idle machines. */
const USUAL_SHARE = [0.4, 0.8];

/**
 * From here on the audit's attack on membership finds more than chance: one pass over mtsamples left
 * it at AUC 0.58, two at 0.66, six at 0.89 (pipeline/audit/README.md).
 */
const PASSES_UNSEEN = 1.5;

/** With fewer steps the warm-up and the decay of the learning rate are most of the run. */
const FEW_STEPS = 200;

/** Lines about the phases that lie ahead. `roof`: operations per second at best; null if unknown. */
export function planLines(
  model: GptConfig,
  parameters: number,
  phases: readonly Phase[],
  roof: number | null,
): string[] {
  const lines = phases.map((phase) => {
    const { name, train, done } = phase;
    return `${name}: ${format(train.steps - done)} steps of ${
      format(tokensPerStep(model, train))
    } ` +
      `tokens by ${train.optimizer}, ${passesOf(model, phase).toFixed(2)} passes in all`;
  });
  if (roof) {
    const flops = phases.reduce((sum, phase) => sum + flopsOf(model, parameters, phase), 0);
    const [most, least] = USUAL_SHARE.map((share) => duration(flops / (share * roof)));
    lines.push(`expected here: ${least} to ${most}, and validations`);
  }
  return [...lines, ...phases.flatMap((phase) => advice(model, phase))];
}

const tokensPerStep = (
  { n_positions }: GptConfig,
  { batchSize, gradientAccumulation }: TrainConfig,
): number => n_positions * batchSize * gradientAccumulation;

const passesOf = (model: GptConfig, { train, tokens }: Phase): number =>
  train.steps * tokensPerStep(model, train) / tokens;

/** Of the steps ahead, with Muon's products: five rounds of 12 C³ · 5 for each block. */
function flopsOf(model: GptConfig, parameters: number, { train, done }: Phase): number {
  const { n_layer, n_embd } = model;
  const muon = train.optimizer === "muon" ? 300 * n_layer * n_embd ** 3 : 0;
  const tokens = tokensPerStep(model, train) * flopsPerToken(model, parameters);
  return (train.steps - done) * (tokens + muon);
}

/** What somebody would want to know who is about to wait for it. */
function advice(model: GptConfig, phase: Phase): string[] {
  const { name, train } = phase, passes = passesOf(model, phase);
  const lines: string[] = [];
  if (name === NOTES && passes > PASSES_UNSEEN) {
    lines.push(
      `${
        passes.toFixed(1)
      } passes over the notes: the privacy audit may find more than it allows ` +
        "after about one; --tokens limits them, public texts teach more (README)",
    );
  }
  if (train.steps < FEW_STEPS && train.batchSize > 1) {
    const wanted = train.steps * train.batchSize / FEW_STEPS;
    const smaller = Math.max(1, 2 ** Math.floor(Math.log2(wanted)));
    const flag = name === NOTES ? "--batch-size" : "--pretrain-batch-size";
    lines.push(
      `${format(train.steps)} steps are few over the ${name}: ${flag} ${smaller} makes ` +
        `${format(train.steps * train.batchSize / smaller)} of the same tokens`,
    );
  }
  return lines;
}

/** The phase that the audit asks about. */
export const NOTES = "notes";
