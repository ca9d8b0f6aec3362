// A GPT of characters, small enough to be trained within a test by the CPU engine.

import type { GptConfig } from "../../pipeline/lib/gpt/config.ts";
import { initialParameters } from "../../pipeline/lib/gpt/model/init.ts";
import type { Tensors } from "../../pipeline/lib/gpt/model/parameters.ts";
import type { Document } from "../../pipeline/lib/gpt/scoring/documents.ts";
import { loadRuntime } from "../../pipeline/lib/gpt/onnx/runtime.ts";
import { Loader } from "../../pipeline/train/loader.ts";
import { OnnxEngine } from "../../pipeline/train/onnx_engine.ts";
import { learningRate } from "../../pipeline/train/schedule.ts";
import { tokenizer } from "./characters.ts";

export const gptConfig: GptConfig = {
  vocab_size: tokenizer.vocabSize,
  n_positions: 64,
  n_embd: 64,
  n_layer: 2,
  n_head: 4,
  embd_pdrop: 0,
  attn_pdrop: 0,
  resid_pdrop: 0,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.06,
};

const train = {
  batchSize: 16,
  windowing: "stream",
  seed: 1,
  beta1: 0.9,
  beta2: 0.95,
  adamEpsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: 1,
} as const;

/** Its parameters after `steps` steps of 16 × 64 characters, and how often it has read `notes`. */
export async function trainTinyGpt(
  notes: readonly Document[],
  steps: number,
): Promise<{ parameters: Tensors; passes: number }> {
  const tokens = Uint16Array.from(notes.flatMap(({ tokens }) => [tokenizer.endOfText, ...tokens]));
  const length = gptConfig.n_positions;
  const loader = new Loader(tokens, {
    ...train,
    length,
    endOfText: tokenizer.endOfText,
    path: "tiny",
  });
  const engine = new OnnxEngine(
    { model: gptConfig, train, parameters: initialParameters(gptConfig, 1) },
    await loadRuntime({ threads: 1 }),
  );
  const rate = {
    steps,
    learningRate: 6e-3,
    minLearningRate: 3e-4,
    warmupSteps: 20,
    schedule: "cosine",
    decayFraction: 0,
  } as const;
  for (let step = 1; step <= steps; step++) {
    await engine.step([loader.next()], step, learningRate(step, rate));
  }
  const { parameters } = await engine.state();
  await engine.close();
  return { parameters, passes: steps * train.batchSize * length / tokens.length };
}
