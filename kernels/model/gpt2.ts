/** A GPT-2 on a device: parameters, gradients and optimizer live there, and only metrics leave. */

import type { Gpu } from "../core/device.ts";
import { GpuFeatureError, GpuMemoryError } from "../core/errors.ts";
import type { Program } from "../core/recorder.ts";
import { readTensor, writeTensor } from "../core/tensor.ts";
import { adamwStep, DECAY_BLOCK } from "../ops/adamw.ts";
import { tokenIndex } from "../ops/token_index.ts";
import { INITIAL_LOSS_SCALE } from "../ops/loss_scale.ts";
import { History, historyShape, type StepMetrics } from "./history.ts";
import { type Gpt2Plan, type Pack, planGpt2, type PlanOptions } from "./plan.ts";
import {
  clearProgram,
  logitPrograms,
  lossProgram,
  microBatchProgram,
  type OptimizerOptions,
  updateProgram,
  weightsProgram,
} from "./programs.ts";

/** (B, T) token ids each, row-major; targets are inputs shifted by one. */
export interface TokenBatch {
  /** (B, T) */
  inputs: Int32Array;
  /** (B, T) */
  targets: Int32Array;
}

/** Values by parameter name. */
export type NamedValues = Map<string, Float32Array>;

/** The factor on the loss in f16, and for how many steps it has been the same. */
export interface LossScale {
  /** 1 to 2²⁴, a power of two */
  scale: number;
  /** Good ones since it last changed */
  steps: number;
}

/** What a model is created for. */
export interface Gpt2Options extends PlanOptions {
  /** The optimizer's constants and the clipping. */
  optimizer: OptimizerOptions;
}

/** A GPT-2 that trains on one device; all its memory is there from `create` to `destroy`. */
export class Gpt2 {
  readonly #gpu: Gpu;
  readonly #plan: Gpt2Plan;
  readonly #options: Gpt2Options;
  readonly #history: History;
  /** Metrics read early because the history was full. */
  #overflow: StepMetrics[] = [];
  #programs = new Map<string, Promise<Program>>();

  private constructor(gpu: Gpu, options: Gpt2Options, plan: Gpt2Plan, history: History) {
    this.#gpu = gpu;
    this.#options = options;
    this.#plan = plan;
    this.#history = history;
  }

  /**
   * Plans, checks and allocates everything. Throws a `GpuMemoryError` that names the limit and the
   * largest batch that fits, and a `GpuFeatureError` for f16 on an adapter without it.
   */
  static create(gpu: Gpu, options: Gpt2Options): Gpt2 {
    const { batch, recompute, precision } = options;
    if (precision === "f16" && !gpu.f16) {
      throw new GpuFeatureError(
        `Cannot train in f16 on ${gpu.name}: it does not offer shader-f16; ` +
          "leave --precision out to train in f32",
      );
    }
    const plan = planGpt2(options);
    const history = plan.arena.tensor("workspace", "history", historyShape);
    const refusal = plan.arena.refusal(gpu.limits);
    if (refusal) {
      const fits = largestBatch(gpu, options);
      const advice = fits > 0
        ? `use --batch-size ${fits} or less${recompute ? "" : ", or --recompute"}`
        : "the model itself is too large for this adapter";
      throw new GpuMemoryError(
        `Cannot train on ${gpu.name} with batch ${batch}: ${refusal}; ${advice}`,
      );
    }
    plan.arena.allocate(gpu);
    const model = new Gpt2(gpu, options, plan, new History(gpu, history, plan));
    model.#writeDecay();
    writeTensor(gpu, plan.norm, new Float32Array([0, 1]));
    model.setLossScale({ scale: precision === "f16" ? INITIAL_LOSS_SCALE : 1, steps: 0 });
    return model;
  }

  /** Planned bytes by purpose. */
  get memory(): Record<string, number> {
    return this.#plan.arena.memory;
  }

  /**
   * For benchmarks: the recordings of a micro-batch and of the update.
   *
   * @internal
   */
  async programs(): Promise<{ microBatch: Program; update: Program }> {
    return { microBatch: await this.#microBatch(1, true), update: await this.#update() };
  }

  /** Takes effect on all that is called afterwards. */
  async setParameters(values: NamedValues): Promise<void> {
    this.#write(this.#plan.parameters, values);
    if (this.#plan.precision === "f32") return;
    (await this.#program("weights", () => weightsProgram(this.#gpu, this.#plan))).submit();
  }

  /** What a run in f16 needs, beside parameters and moments, to go on as if never interrupted. */
  setLossScale({ scale, steps }: LossScale): void {
    writeTensor(this.#gpu, this.#plan.lossScale, new Float32Array([scale, steps, scale]));
  }

  /** 1 in f32. */
  async lossScale(): Promise<LossScale> {
    const [scale, steps] = await readTensor(this.#gpu, this.#plan.lossScale);
    return { scale, steps };
  }

  /** AdamW's running means, by parameter name. */
  setMoments({ moment1, moment2 }: { moment1: NamedValues; moment2: NamedValues }): void {
    this.#write(this.#plan.moment1, moment1);
    this.#write(this.#plan.moment2, moment2);
  }

  /**
   * One optimizer step over the mean gradient of the micro-batches. Returns before the device is
   * done. `seed` decides the dropout of the step.
   */
  async step(
    batches: readonly TokenBatch[],
    { step, learningRate, seed }: { step: number; learningRate: number; seed: number },
  ): Promise<void> {
    if (this.#history.full) this.#overflow.push(...await this.#history.read());
    await this.#addGradients(batches, { dropout: true, seed });
    const { device } = this.#gpu;
    writeTensor(
      this.#gpu,
      this.#plan.adamStep,
      adamwStep(step, learningRate, this.#options.optimizer),
    );
    const encoder = device.createCommandEncoder();
    (await this.#update()).encode(encoder);
    this.#history.record(encoder, step);
    device.queue.submit([encoder.finish()]);
    this.#gpu.check();
  }

  /** Waits for the device; metrics of every step since the last call, in order. */
  async metrics(): Promise<StepMetrics[]> {
    const early = this.#overflow;
    this.#overflow = [];
    return [...early, ...await this.#history.read()];
  }

  /** Mean loss of one batch in nats, without dropout. */
  async loss(batch: TokenBatch): Promise<number> {
    this.#writeBatch(batch);
    (await this.#program("loss", () => lossProgram(this.#gpu, this.#plan))).submit();
    return (await readTensor(this.#gpu, this.#plan.loss))[0];
  }

  /** (B, T, V) logits of one batch. */
  async logits(inputs: Int32Array): Promise<Float32Array> {
    const { vocab_size } = this.#options.shape, { logits } = this.#plan;
    this.#writeInputs(inputs);
    const out = new Float32Array(inputs.length * vocab_size);
    const chunks = await Promise.all(logitPrograms(this.#gpu, this.#plan));
    for (const [i, program] of chunks.entries()) {
      program.submit();
      const at = i * logits.size;
      out.set((await readTensor(this.#gpu, logits)).subarray(0, out.length - at), at);
      program.destroy();
    }
    return out;
  }

  /** Gradients of the mean loss of one batch; with dropout if a seed is given. */
  async gradients(batch: TokenBatch, seed?: number): Promise<NamedValues> {
    await this.#addGradients([batch], { dropout: seed !== undefined, seed: seed ?? 0 });
    const { scale } = await this.lossScale();
    const gradients = await this.#read(this.#plan.gradients);
    if (scale === 1) return gradients;
    return new Map([...gradients].map(([name, values]) => [name, values.map((g) => g / scale)]));
  }

  /** A copy of all parameters, in f32. */
  parameters(): Promise<NamedValues> {
    return this.#read(this.#plan.parameters);
  }

  /** Copies of AdamW's running means. */
  async moments(): Promise<{ moment1: NamedValues; moment2: NamedValues }> {
    const moment1 = await this.#read(this.#plan.moment1);
    return { moment1, moment2: await this.#read(this.#plan.moment2) };
  }

  /** Frees all memory on the device. */
  async destroy(): Promise<void> {
    for (const program of await Promise.all(this.#programs.values())) program.destroy();
    this.#plan.arena.destroy();
  }

  async #addGradients(
    batches: readonly TokenBatch[],
    { dropout, seed }: { dropout: boolean; seed: number },
  ): Promise<void> {
    (await this.#program("clear", () => clearProgram(this.#gpu, this.#plan))).submit();
    const program = await this.#microBatch(batches.length, dropout);
    batches.forEach((batch, i) => {
      this.#writeBatch(batch);
      writeTensor(this.#gpu, this.#plan.seed, Uint32Array.of(seed + i));
      program.submit();
    });
  }

  #microBatch(count: number, dropout: boolean): Promise<Program> {
    return this.#program(
      `micro-batch of ${count}, ${dropout}`,
      () => microBatchProgram(this.#gpu, this.#plan, { count, dropout }),
    );
  }

  #update(): Promise<Program> {
    const { optimizer } = this.#options;
    return this.#program("update", () => updateProgram(this.#gpu, this.#plan, optimizer));
  }

  #program(name: string, record: () => Promise<Program>): Promise<Program> {
    let program = this.#programs.get(name);
    if (!program) this.#programs.set(name, program = record());
    return program;
  }

  #writeBatch({ inputs, targets }: TokenBatch): void {
    this.#writeInputs(inputs);
    writeTensor(this.#gpu, this.#plan.targets, targets as Int32Array<ArrayBuffer>);
  }

  #writeInputs(inputs: Int32Array): void {
    writeTensor(this.#gpu, this.#plan.inputs, inputs as Int32Array<ArrayBuffer>);
    const index = tokenIndex(inputs, this.#options.shape.vocab_size);
    writeTensor(this.#gpu, this.#plan.tokenIndex, index);
  }

  #writeDecay(): void {
    const { table, optimizer } = this.#options, { parameters, decay, muon } = this.#plan;
    const values = new Float32Array(decay.size);
    for (const { name, decay: decays } of table) {
      const { offset, bytes } = parameters.parts.get(name)!;
      const first = offset / 4 / DECAY_BLOCK, end = (offset + bytes) / 4 / DECAY_BLOCK;
      const rate = muon?.names.has(name) ? -1 : decays ? optimizer.weightDecay : 0;
      values.fill(rate, first, Math.ceil(end));
    }
    writeTensor(this.#gpu, decay, values);
  }

  #write({ parts }: Pack, values: NamedValues): void {
    for (const [name, tensor] of parts) {
      const data = values.get(name);
      if (!data) throw new RangeError(`Cannot load weights: ${name} is missing`);
      writeTensor(this.#gpu, tensor, data as Float32Array<ArrayBuffer>);
    }
  }

  async #read({ flat, parts }: Pack): Promise<NamedValues> {
    const values = await readTensor(this.#gpu, flat);
    return new Map([...parts].map(([name, { offset, size }]) => {
      return [name, values.slice(offset / 4, offset / 4 + size)];
    }));
  }
}

/** The largest batch whose plan the adapter's limits allow; 0 if none. */
function largestBatch(gpu: Gpu, options: Gpt2Options): number {
  let fits = 0, refused = options.batch;
  while (refused - fits > 1) {
    const middle = (fits + refused) >> 1;
    if (planGpt2({ ...options, batch: middle }).arena.refusal(gpu.limits)) refused = middle;
    else fits = middle;
  }
  return fits;
}
