/**
 * The training loop. It knows an engine only by its interface, and a device only by being patient:
 * steps are issued without waiting, and their losses are fetched a few times a second.
 *
 * Everything that decides the next step is in `TrainingState`, the weights and the moments, and all
 * of it is in every checkpoint: a run killed at any moment and resumed logs the same losses, bit by
 * bit, as one that was left alone.
 */

import {
  readCheckpoint,
  readMoments,
  type TrainingState,
  writeCheckpoint,
} from "../lib/gpt/model/checkpoint.ts";
import type { Batch, Engine, EngineState, StepMetrics } from "./engine.ts";
import { initialState, type TrainingJob, type TrainingResult } from "./job.ts";
import { Loader } from "./loader.ts";
import { type LogEntry, RunLog, type ValidationEntry } from "./log.ts";
import { learningRate } from "./schedule.ts";
import { LOWER_AFTER, MAX_SPIKES, nextGradNormMean, spikeReason } from "./spikes.ts";

/** As many steps are issued at once as take about this long, and at most so many. */
const SETTLE_MS = 500;
const MAX_IN_FLIGHT = 256;
/** The training loss shown on the terminal averages over about this many steps. */
const SMOOTHING_STEPS = 20;

/** Runs a job to its end, to an early stop, or to an interruption. */
export async function train(job: TrainingJob): Promise<TrainingResult> {
  const trainer = await Trainer.start(job);
  try {
    return await trainer.run();
  } finally {
    await trainer.close();
  }
}

class Trainer {
  readonly #job: TrainingJob;
  #engine: Engine;
  #loader: Loader;
  #log: RunLog;
  #state: TrainingState;
  /** Where the batches of each step in flight were taken. */
  #taken = new Map<number, string>();
  #settledAt = performance.now();
  /** How many steps to issue before fetching their losses; one until their duration is known. */
  #inFlight = 1;
  #lastLoss = NaN;

  private constructor(job: TrainingJob, engine: Engine, log: RunLog, state: TrainingState) {
    this.#job = job;
    this.#engine = engine;
    this.#log = log;
    this.#state = state;
    this.#loader = this.#loaderAt(state);
  }

  static async start(job: TrainingJob): Promise<Trainer> {
    const { phase, seconds = 0 } = job;
    const fresh = { ...initialState, seconds, ...(phase ? { phase } : {}) };
    const state = structuredClone(job.state ?? fresh);
    const log = await RunLog.open(job.paths.log, state.step, phase);
    const { model, train, parameters, moments } = job;
    const engine = await job.createEngine({
      model,
      train,
      parameters,
      moments,
      lossScale: state.lossScale,
    });
    job.started?.(engine);
    return new Trainer(job, engine, log, state);
  }

  async close(): Promise<void> {
    this.#log.close();
    await this.#engine.close();
  }

  async run(): Promise<TrainingResult> {
    const { train, signal } = this.#job;
    if (this.#job.state) await this.#resumed();
    else await this.#begin();
    let outcome: TrainingResult["outcome"] = "finished";
    while (this.#state.step < train.steps) {
      await this.#issueSteps();
      if (!await this.#settle()) continue;
      await this.#reachMilestone();
      // Signals are delivered only when the event loop turns, and an engine may never let it.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (signal.aborted) outcome = "interrupted";
      if (this.#outOfPatience()) outcome = "early stop";
      if (outcome !== "finished") break;
    }
    if (outcome !== "finished" && !this.#isDue(train.checkpointInterval)) {
      await this.#saveLast(await this.#engine.state());
    }
    return { state: this.#state, outcome, loss: this.#lastLoss };
  }

  async #begin(): Promise<void> {
    const { baseline: loss, tokens, phase } = this.#job;
    if (!phase) {
      await this.#append({
        kind: "baseline",
        step: 0,
        tokens: tokens.length,
        loss,
        bitsPerCharacter: this.#bitsPerCharacter(loss),
      });
    }
    await this.#reachMilestone();
  }

  async #resumed(): Promise<void> {
    const { phase } = this.#job;
    const ofPhase = this.#log.entries.filter((entry) => entry.phase === phase);
    this.#lastLoss = ofPhase.findLast((entry) => entry.kind === "validation")?.loss ?? NaN;
    await this.#note("resumed");
    this.#settledAt = performance.now();
  }

  /** Issues steps up to the next milestone, or as many as may be in flight. */
  async #issueSteps(): Promise<void> {
    const last = Math.min(this.#state.step + this.#inFlight, this.#job.train.steps);
    for (let step = this.#state.step + 1; step <= last; step++) {
      await this.#engine.step(this.#takeBatches(step), step, this.#learningRate(step));
      if (this.#isMilestone(step) || this.#job.signal.aborted) break;
    }
  }

  #learningRate(step: number): number {
    return learningRate(step, this.#job.train) * this.#state.learningRateScale;
  }

  #takeBatches(step: number): Batch[] {
    const take = () =>
      Array.from({ length: this.#job.train.gradientAccumulation }, () => this.#loader.next());
    while (this.#state.skipped.includes(positionKey(this.#loader))) take();
    this.#taken.set(step, positionKey(this.#loader));
    return take();
  }

  /** Fetches and logs the metrics of the steps in flight; false if a spike led to a rollback. */
  async #settle(): Promise<boolean> {
    const metrics = await this.#engine.metrics();
    const elapsed = (performance.now() - this.#settledAt) / 1000;
    const stepMs = 1000 * elapsed / metrics.length;
    this.#inFlight = Math.max(1, Math.min(MAX_IN_FLIGHT, Math.round(SETTLE_MS / stepMs)));
    const tokensPerSecond = metrics.length * this.#tokensPerStep / elapsed;
    const mfu = this.#job.utilization(tokensPerSecond);
    for (const one of metrics) {
      const reason = spikeReason(one, this.#state.gradNormMean, this.#job.train.spikeFactor);
      if (reason) {
        await this.#rollBack(one.step, reason);
        return false;
      }
      await this.#account(one, tokensPerSecond, mfu);
    }
    this.#state.seconds += elapsed;
    this.#state.loader = this.#loader.position;
    this.#taken.clear();
    const latest = metrics.at(-1)!;
    const rate = { learningRate: this.#learningRate(latest.step), tokensPerSecond, mfu };
    this.#job.observer.progress(this.#state, latest, rate);
    this.#settledAt = performance.now();
    return true;
  }

  async #account(metrics: StepMetrics, tokensPerSecond: number, mfu?: number): Promise<void> {
    const { step, loss, gradNorm, skipped } = metrics;
    const state = this.#state;
    const weight = 1 / SMOOTHING_STEPS;
    state.step = step;
    state.smoothedLoss = (1 - weight) * (state.smoothedLoss ?? loss) + weight * loss;
    if (skipped) {
      return await this.#note("the gradient overflowed in f16; step left out, loss scale halved");
    }
    state.gradNormMean = nextGradNormMean(state.gradNormMean, gradNorm);
    await this.#append({
      kind: "train",
      step,
      tokens: step * this.#tokensPerStep,
      loss,
      gradNorm,
      learningRate: this.#learningRate(step),
      tokensPerSecond: Math.round(tokensPerSecond),
      ...(mfu === undefined ? {} : { mfu: Number(mfu.toFixed(4)) }),
    });
  }

  get #tokensPerStep(): number {
    const { batchSize, gradientAccumulation } = this.#job.train;
    return batchSize * gradientAccumulation * this.#job.model.n_positions;
  }

  /** Back to the last checkpoint; the batch that made `step` spike is left out from then on. */
  async #rollBack(step: number, reason: string): Promise<void> {
    const { paths, observer, model, train } = this.#job;
    const culprit = this.#taken.get(step)!;
    const { parameters, state } = await readCheckpoint(paths.last);
    const moments = await readMoments(paths.last, model);
    const skipped = [...new Set([...state!.skipped, ...this.#state.skipped, culprit])];
    if (skipped.length > MAX_SPIKES) {
      throw new RangeError(
        `Cannot train on: ${skipped.length} loss spikes, the last at step ${step} (${reason}); ` +
          `start again with a lower --learning-rate than ${train.learningRate}`,
      );
    }
    const lower = skipped.length % LOWER_AFTER === 0;
    const learningRateScale = this.#state.learningRateScale * (lower ? 0.5 : 1);
    this.#state = { ...state!, skipped, learningRateScale };
    this.#taken.clear();
    await this.#engine.close();
    this.#engine = await this.#job.createEngine({
      model,
      train,
      parameters,
      moments,
      lossScale: this.#state.lossScale,
    });
    this.#loader = this.#loaderAt(this.#state);
    this.#log.close();
    this.#log = await RunLog.open(paths.log, this.#state.step, this.#job.phase);
    const message = `step ${step}: ${reason}; back to step ${this.#state.step} without its batch` +
      (lower ? `, learning rate × ${learningRateScale}` : "");
    observer.message(message);
    await this.#note(message);
    this.#settledAt = performance.now();
  }

  #note(message: string): Promise<void> {
    return this.#append({ kind: "event", step: this.#state.step, message });
  }

  #append(entry: LogEntry): Promise<void> {
    const { phase } = this.#job;
    return this.#log.append(phase ? { ...entry, phase } : entry);
  }

  #loaderAt({ loader }: TrainingState): Loader {
    const { train, model, endOfText, tokensPath } = this.#job;
    const options = { ...train, length: model.n_positions, endOfText, path: tokensPath };
    return new Loader(this.#job.tokens, options, loader);
  }

  #isDue(interval: number, step = this.#state.step): boolean {
    return step % interval === 0 || step === this.#job.train.steps;
  }

  #isMilestone(step: number): boolean {
    const { evalInterval, sampleInterval, checkpointInterval } = this.#job.train;
    return [evalInterval, sampleInterval, checkpointInterval].some((n) => this.#isDue(n, step));
  }

  /** Validates, samples and saves, whichever is due at this step. */
  async #reachMilestone(): Promise<void> {
    const { train, observer } = this.#job;
    if (!this.#isMilestone(this.#state.step)) return;
    let snapshot: EngineState | undefined;
    const current = async () => snapshot ??= await this.#engine.state();
    if (this.#isDue(train.evalInterval)) await this.#validate(current);
    if (this.#state.step > 0 && this.#isDue(train.sampleInterval)) {
      await observer.sample(this.#state, (await current()).parameters);
    }
    if (this.#isDue(train.checkpointInterval)) await this.#saveLast(await current());
    this.#settledAt = performance.now();
  }

  async #validate(current: () => Promise<EngineState>): Promise<void> {
    const { validation, observer, paths } = this.#job;
    let sum = 0;
    for (const batch of validation) sum += await this.#engine.loss(batch);
    const loss = sum / validation.length;
    const state = this.#state;
    this.#lastLoss = loss;
    const entry: ValidationEntry = {
      kind: "validation",
      step: state.step,
      tokens: state.step * this.#tokensPerStep,
      loss,
      bitsPerCharacter: this.#bitsPerCharacter(loss),
      seconds: Number(state.seconds.toFixed(1)),
    };
    await this.#append(entry);
    const better = state.bestLoss === null || loss < state.bestLoss;
    state.validationsSinceBest = better ? 0 : state.validationsSinceBest + 1;
    if (better) {
      state.bestLoss = loss;
      state.bestStep = state.step;
      if (!this.#job.phase) await this.#save(paths.best, await current());
    }
    await observer.validated(state, entry, this.#log.entries);
  }

  /** From nats per token, on the validation targets. */
  #bitsPerCharacter(loss: number): number {
    const { validation, validationCharacters } = this.#job;
    const targets = validation.reduce((count, batch) => count + batch.targets.length, 0);
    return loss * targets / Math.LN2 / validationCharacters;
  }

  #outOfPatience(): boolean {
    const { patience } = this.#job.train;
    return patience > 0 && this.#state.validationsSinceBest >= patience;
  }

  /** The log is made durable first: it may be ahead of the checkpoint, never behind. */
  async #saveLast(snapshot: EngineState): Promise<void> {
    await this.#log.sync();
    await this.#save(this.#job.paths.last, snapshot);
  }

  #save(
    folder: string,
    { parameters, moment1, moment2, lossScale }: EngineState,
  ): Promise<void> {
    const { model: config, endOfText } = this.#job;
    const moments = { moment1, moment2 };
    const state = lossScale ? { ...this.#state, lossScale } : this.#state;
    return writeCheckpoint(folder, { config, endOfText, parameters, moments, state });
  }
}

const positionKey = ({ position: { epoch, position } }: Loader) => `${epoch}:${position}`;
