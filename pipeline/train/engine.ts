/**
 * The one interface behind which both training engines stand: WebGPU (our own kernels) and CPU
 * (one ONNX graph). The loop in trainer.ts knows nothing else about them.
 */

import type { GptConfig, TrainConfig } from "../lib/gpt/config.ts";
import type { Tensors } from "../lib/gpt/model/parameters.ts";

/** One micro-batch. Both arrays are (batchSize, n_positions), row-major; targets are inputs shifted by one. */
export interface Batch {
  inputs: Int32Array;
  targets: Int32Array;
}

export interface StepMetrics {
  /** The step number given to `step`. */
  step: number;
  /** Mean cross-entropy over all tokens of the step, in nats. */
  loss: number;
  /** Global L2 norm of the gradient before clipping. */
  gradNorm: number;
  /** In f16: the gradient overflowed, so that nothing was updated; its norm is not finite. */
  skipped?: true;
}

/** All that has to be saved for an exact resume, beside the loop's own counters. */
export interface EngineState {
  parameters: Tensors;
  /** AdamW's first and second moments; what Muon updates has its momentum as the first. */
  moment1: Tensors;
  moment2: Tensors;
  /** In f16: the factor on the loss, and for how many steps it has been the same. */
  lossScale?: { scale: number; steps: number };
}

export interface EngineOptions {
  model: GptConfig;
  train:
    & Pick<
      TrainConfig,
      "batchSize" | "beta1" | "beta2" | "adamEpsilon" | "weightDecay" | "maxGradNorm" | "seed"
    >
    // AdamW if absent.
    & Partial<Pick<TrainConfig, "optimizer" | "muonMomentum">>;
  /** Initial parameters, and moments when resuming (zero otherwise). */
  parameters: Tensors;
  moments?: Pick<EngineState, "moment1" | "moment2">;
  /** When resuming in f16. */
  lossScale?: EngineState["lossScale"];
}

export interface Engine {
  /** For the log and the terminal: `CPU, onnxruntime 1.30.0, 2 threads` or `WebGPU, NVIDIA H200`. */
  readonly description: string;
  /** On a GPU: what products were computed in; a run keeps it when resumed. */
  readonly precision?: "f32" | "f16";
  /** On a GPU: choices by measurement, in JSON; a run keeps them, so that it repeats bit by bit. */
  readonly tuning?: unknown;
  /** Planned memory by purpose, in bytes: parameters, gradients, optimizer, activations, workspace. */
  readonly memory: Record<string, number>;
  /**
   * One optimizer step over the mean gradient of `microBatches`. `step` counts from 1 and is the
   * AdamW time step (bias correction) and the dropout counter. May return before the device is done.
   */
  step(microBatches: Batch[], step: number, learningRate: number): Promise<void>;
  /** Waits for the device; the metrics of every step since the last call, in order. */
  metrics(): Promise<StepMetrics[]>;
  /** Mean cross-entropy of one batch in nats, without dropout and without training. */
  loss(batch: Batch): Promise<number>;
  /** Logits (batchSize, n_positions, vocab_size) of one batch of inputs; for tests and samples. */
  logits(inputs: Int32Array): Promise<Float32Array>;
  /** Gradients of the mean loss of one batch, before clipping; for tests. */
  gradients(batch: Batch): Promise<Tensors>;
  /**
   * Floating-point operations per second that the machine reaches at nothing but float32 multiply-
   * adds, by a probe of less than half a second; `null` where nothing can be timed that finely.
   */
  roof(): Promise<number | null>;
  /** Copies of the current state. */
  state(): Promise<EngineState>;
  close(): Promise<void>;
}
