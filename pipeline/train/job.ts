/** What a training run is given, what it tells others, and what it returns. */

import type { RunPaths } from "../artifacts.ts";
import type { GptConfig, TrainConfig } from "../lib/gpt/config.ts";
import type { Moments, TrainingState } from "../lib/gpt/model/checkpoint.ts";
import type { Tensors } from "../lib/gpt/model/parameters.ts";
import type { Batch, Engine, EngineOptions, StepMetrics } from "./engine.ts";
import type { LogEntry, ValidationEntry } from "./log.ts";

/** What the terminal and the run's other files are told. */
export interface Observer {
  /** After every few steps. */
  progress(state: TrainingState, latest: StepMetrics, rate: StepRate): void;
  /** After a validation; `log` is all there is so far. */
  validated(
    state: TrainingState,
    entry: ValidationEntry,
    log: readonly LogEntry[],
  ): Promise<void>;
  /** Every `sampleInterval` steps and at the end. */
  sample(state: TrainingState, parameters: Tensors): Promise<void>;
  /** Something out of the ordinary, in one line. */
  message(text: string): void;
}

export interface StepRate {
  learningRate: number;
  tokensPerSecond: number;
  /** See `TrainEntry`. */
  mfu?: number;
}

export interface TrainingJob {
  paths: RunPaths;
  /** These are the public texts: nothing of them is the best model of the notes. */
  phase?: "public";
  /** Seconds of training before this phase. */
  seconds?: number;
  model: GptConfig;
  train: TrainConfig;
  endOfText: number;
  tokens: Uint16Array;
  /** Names the data in errors. */
  tokensPath: string;
  validation: Batch[];
  /** Validation loss of the bigram baseline in nats. */
  baseline: number;
  /** Characters that the validation targets stand for. */
  validationCharacters: number;
  parameters: Tensors;
  /** Both present when resuming. */
  moments?: Moments;
  state?: TrainingState;
  /** The share of the engine's roof that so many tokens per second are; `undefined` if unknown. */
  utilization(tokensPerSecond: number): number | undefined;
  createEngine(options: EngineOptions): Promise<Engine>;
  /** Told once, before the first step. */
  started?(engine: Engine): void;
  observer: Observer;
  /** Aborted: finish the step, write a checkpoint, return. */
  signal: AbortSignal;
}

export interface TrainingResult {
  state: TrainingState;
  outcome: "finished" | "early stop" | "interrupted";
  /** The last validation loss in nats. */
  loss: number;
}

/** Before the first step. */
export const initialState: TrainingState = {
  step: 0,
  loader: { epoch: 0, position: 0 },
  skipped: [],
  learningRateScale: 1,
  smoothedLoss: null,
  gradNormMean: null,
  bestLoss: null,
  bestStep: null,
  validationsSinceBest: 0,
  seconds: 0,
};
