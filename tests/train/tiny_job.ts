/** A whole training job over the tiny engine, in a folder of the caller's. */

import { runPaths } from "../../pipeline/artifacts.ts";
import { presets, type TrainConfig } from "../../pipeline/lib/gpt/config.ts";
import { initialParameters } from "../../pipeline/lib/gpt/model/init.ts";
import { Random } from "../../pipeline/lib/base/random.ts";
import { validationBatches } from "../../pipeline/train/loader.ts";
import type { TrainingJob } from "../../pipeline/train/job.ts";
import { createTinyEngine, tinyModel } from "./tiny_engine.ts";

export const END_OF_TEXT = 0;

/** Documents in which each token is likely followed by the next one: something to learn. */
export function tinyTokens(count: number, seed: number): Uint16Array {
  const random = new Random(seed, "tiny tokens");
  const tokens = new Uint16Array(count);
  let token = END_OF_TEXT;
  for (let i = 0; i < count; i++) {
    tokens[i] = token;
    const next = random.uniform() < 0.8 ? token + 1 : random.below(tinyModel.vocab_size);
    token = i % 50 === 49 ? END_OF_TEXT : 1 + next % (tinyModel.vocab_size - 1);
  }
  return tokens;
}

export const tinyTrain: TrainConfig = {
  ...presets.micro.train,
  batchSize: 4,
  gradientAccumulation: 2,
  steps: 60,
  learningRate: 0.03,
  minLearningRate: 0.003,
  warmupSteps: 5,
  evalInterval: 10,
  evalTokens: 128,
  sampleInterval: 20,
  checkpointInterval: 7,
};

export function tinyJob(root: string, changes: Partial<TrainConfig> = {}): TrainingJob {
  const train = { ...tinyTrain, ...changes };
  const validation = validationBatches(tinyTokens(600, 2), train.evalTokens, {
    ...train,
    length: tinyModel.n_positions,
    endOfText: END_OF_TEXT,
    path: "val.bin",
  });
  return {
    paths: runPaths(root),
    model: tinyModel,
    train,
    endOfText: END_OF_TEXT,
    tokens: tinyTokens(2000, 1),
    tokensPath: "train.bin",
    validation,
    baseline: 2.5,
    utilization: () => 0.5,
    validationCharacters: 1000,
    parameters: initialParameters(tinyModel, train.seed),
    createEngine: createTinyEngine,
    observer: {
      progress: () => {},
      validated: () => Promise.resolve(),
      sample: () => Promise.resolve(),
      message: () => {},
    },
    signal: new AbortController().signal,
  };
}
