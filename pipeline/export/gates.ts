/** What an export must pass, measured on the run's own test split. */

import { ArtifactError } from "../artifacts.ts";
import { Progress } from "../cli.ts";
import type { Tokenizer } from "../decode/types.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { int8Weights } from "../onnx/int8_weights.ts";
import type { Runtime } from "../onnx/runtime.ts";
import { logitsFromTensors, scorerFromWeights } from "../onnx/scorer.ts";
import { modelFromGraph } from "../onnx/session.ts";
import { float32Weights } from "../onnx/weights.ts";
import { layersToKeep } from "./layers_to_keep.ts";
import { greedyParity, type Parity, promptsFrom } from "./parity.ts";
import { bitsPerCharacter, type TestWindows, testWindows } from "./quality.ts";

const MAX_LOGIT_DIFFERENCE = 1e-4;

/** Most that int8 may add to bits per character, as a share of float32's. */
const MAX_INT8_COST = 0.01;

/** Layers are chosen on the validation split, with room for the test split to be less kind. */
const CHOICE_TARGET = MAX_INT8_COST / 2;
const CHOICE_TOKENS = 16384;

export type Model = Pick<Checkpoint, "config" | "parameters">;

export interface Quantization {
  /** Bits per character of the test split. */
  float32: number;
  int8: number;
  /** int8 / float32 − 1 */
  cost: number;
  /** Tokens of the test split these were measured on. */
  tokens: number;
  /** Layers that the int8 graph keeps in float32, in the order of what they saved. */
  keptFloat32: string[];
}

/** Throws an `ArtifactError` unless the float32 graph in `file` says what the model says. */
export async function checkParity(
  file: Uint8Array,
  { config, parameters }: Model,
  { tokens, count, runtime }: { tokens: Uint16Array; count: number; runtime: Runtime },
): Promise<Parity> {
  const exported = await modelFromGraph(config, file, runtime);
  const original = await logitsFromTensors(config, parameters, runtime);
  const progress = new Progress("parity", count, "prompts");
  const prompts = promptsFrom(tokens, config, count);
  const parity = await greedyParity(exported, original, prompts, (n) => progress.update(n));
  await exported.close();
  await original.close();
  if (parity.different > 0 || !(parity.logitDifference <= MAX_LOGIT_DIFFERENCE)) {
    throw new ArtifactError(
      `Cannot export: the float32 graph chose ${parity.different} of ${parity.tokens} tokens ` +
        `differently from the checkpoint and its logits differ by up to ` +
        `${parity.logitDifference.toExponential(1)}, expected 0 and at most ` +
        `${MAX_LOGIT_DIFFERENCE}; train again with "deno task train", no export was written`,
    );
  }
  progress.finish(`${parity.tokens} tokens of ${count} prompts are the checkpoint's`);
  return parity;
}

/** Bits per character of a model on some windows, with all but `kept` quantized, or nothing. */
async function measure(
  { config, parameters }: Model,
  windows: TestWindows,
  tokenizer: Tokenizer,
  runtime: Runtime,
  kept: ReadonlySet<string> | "all",
): Promise<number> {
  const scorer = await scorerFromWeights(
    config,
    (g) =>
      kept === "all"
        ? float32Weights(g, config, parameters)
        : int8Weights(g, config, parameters, kept),
    { runtime },
  );
  try {
    return await bitsPerCharacter(scorer, windows, config, tokenizer);
  } finally {
    await scorer.close();
  }
}

/** Finds the layers that have to stay float32, by what int8 costs on the validation split. */
export async function chooseLayers(
  model: Model,
  tokens: Uint16Array,
  tokenizer: Tokenizer,
  runtime: Runtime,
): Promise<Set<string>> {
  const progress = new Progress("layers", undefined, "graphs");
  const windows = testWindows(tokens, model.config, CHOICE_TOKENS);
  const float32 = await measure(model, windows, tokenizer, runtime, "all");
  let measured = 0;
  const kept = await layersToKeep(model.config, async (kept) => {
    progress.update(++measured);
    return await measure(model, windows, tokenizer, runtime, kept) / float32 - 1;
  }, CHOICE_TARGET);
  progress.finish(kept.size === 0 ? "all int8" : `float32: ${[...kept].join(", ")}`);
  return kept;
}

/** Throws an `ArtifactError` if int8 costs too much on the test split. */
export async function checkQuantization(
  model: Model,
  kept: ReadonlySet<string>,
  { tokens, limit, tokenizer, runtime }: {
    tokens: Uint16Array;
    limit: number;
    tokenizer: Tokenizer;
    runtime: Runtime;
  },
): Promise<Quantization> {
  const windows = testWindows(tokens, model.config, limit);
  const count = windows.starts.length * model.config.n_positions;
  const progress = new Progress("quality", 2, "graphs");
  const float32 = await measure(model, windows, tokenizer, runtime, "all");
  progress.update(1);
  const int8 = await measure(model, windows, tokenizer, runtime, kept);
  const cost = int8 / float32 - 1;
  if (!(cost <= MAX_INT8_COST)) {
    throw new ArtifactError(
      `Cannot export: int8 costs ${(100 * cost).toFixed(2)}% of bits per character ` +
        `(${float32.toFixed(4)} to ${int8.toFixed(4)}), expected at most ${
          100 * MAX_INT8_COST
        }%, ` +
        `although float32 was kept for ${[...kept].join(", ") || "no layer"}; ` +
        `train again with "deno task train", no export was written`,
    );
  }
  progress.finish(`bits per character on ${count} tokens of the test split`);
  return { float32, int8, cost, tokens: count, keptFloat32: [...kept] };
}
