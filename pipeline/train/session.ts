/** A prepared run, trained to its end in this process, with Ctrl-C in good order. */

import { type RunPaths } from "../artifacts.ts";
import { writeJson } from "../lib/base/files.ts";
import { format } from "../lib/base/cli.ts";
import type { TrainConfig } from "../lib/gpt/config.ts";
import { readCheckpoint, writeCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { createEngine, type EngineChoice } from "./create_engine.ts";
import { targetCharacters, type TrainingData } from "./data.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { runObserver } from "./observer.ts";
import { NOTES, planLines } from "./plan.ts";
import { batchesOf, type PreparedRun } from "./prepare.ts";
import type { RunConfig } from "./run_folder.ts";
import { flopsPerToken, memoryLine, Terminal } from "./terminal.ts";
import type { TrainingResult } from "./job.ts";
import { train } from "./trainer.ts";
import { crossingWindows, windowStarts } from "./windows.ts";

/**
 * Trains `prepared` in `paths` on the chosen engine: first on the public texts, where the config says
 * so and they are not behind it, then on the notes. Both phases go on where they were stopped.
 */
export async function runSession(
  prepared: PreparedRun,
  data: TrainingData,
  paths: RunPaths,
  choice: EngineChoice,
): Promise<TrainingResult> {
  const { config: { pretrain, model, endOfText, data: { val } }, state } = prepared;
  const run: Session = { data, paths, choice, config: prepared.config };
  if (!pretrain || (state && !state.phase)) return await trainPhase(run, prepared);
  if (!state || state.step < pretrain.train.steps) {
    const validation = batchesOf(data, model, pretrain.train, val.path);
    const result = await trainPhase(run, { ...prepared, validation }, pretrain.train);
    if (result.outcome !== "finished") return result;
  }
  // What last/ holds until the first step on a note: killed in between, the run goes on from here.
  const { parameters, state: done } = await readCheckpoint(paths.last);
  await writeCheckpoint(paths.base, { config: model, endOfText, parameters });
  const { validation } = prepared;
  return await trainPhase(run, { parameters, validation, seconds: done!.seconds });
}

interface Session {
  data: TrainingData;
  paths: RunPaths;
  choice: EngineChoice;
  config: RunConfig;
}

/** One phase: on the public texts by `pretrain`, or on the notes. */
async function trainPhase(
  { data, paths, choice, config }: Session,
  start: Omit<PreparedRun, "config"> & { seconds?: number },
  pretrain?: TrainConfig,
): Promise<TrainingResult> {
  const { name, model } = config;
  const options = pretrain ?? config.train;
  const tokens = pretrain ? data.public : data.train;
  console.error(dataLine(config, options, tokens));
  const label = pretrain ? "public" : "train";
  const terminal = new Terminal(model, options, config.parameters, label);
  const observed = {
    name,
    paths,
    model,
    tokenizer: data.tokenizer,
    baseline: config.baseline.bigram,
  };
  using interruption = listenForInterrupt(() =>
    terminal.message("Stopping after this step (Ctrl-C again: at once, without a checkpoint).")
  );
  const { parameters, moments, state, validation, seconds } = start;
  const result = await train({
    parameters,
    moments,
    state,
    validation,
    seconds,
    phase: pretrain ? "public" : undefined,
    paths,
    model,
    train: options,
    endOfText: config.endOfText,
    tokens,
    tokensPath: (pretrain ? config.data.public : config.data.train)!.path,
    baseline: config.baseline.bigram,
    utilization: (tokensPerSecond) =>
      config.roof
        ? tokensPerSecond * flopsPerToken(model, config.parameters) / config.roof
        : undefined,
    validationCharacters: targetCharacters(validation, data.tokenizer),
    async createEngine(engineOptions: EngineOptions): Promise<Engine> {
      const engine = await createEngine(goingOn(choice, config), engineOptions);
      if (config.engine !== engine.description || config.roof === undefined) {
        config.engine = engine.description;
        config.precision = engine.precision;
        config.tuning = engine.tuning;
        config.roof = await engine.roof();
        await writeJson(paths.config, config);
      }
      return engine;
    },
    started: (engine) => {
      terminal.message(`${engine.description}${roofText(config)}; ${memoryLine(engine)}`);
      const done = state?.step ?? 0;
      const phases = [
        ...(pretrain
          ? [{ name: "public texts", train: pretrain, tokens: tokens.length, done }]
          : []),
        {
          name: data.base ? "public texts" : NOTES,
          train: config.train,
          tokens: data.train.length,
          done: pretrain ? 0 : done,
        },
      ];
      for (const line of planLines(model, config.parameters, phases, config.roof)) {
        terminal.message(line);
      }
    },
    observer: runObserver(observed, terminal),
    signal: interruption.signal,
  });
  terminal.finish(`${result.outcome} at step ${format(result.state.step)}`);
  return result;
}

/** On a GPU, with the precision and the tilings that the run has already. */
function goingOn(choice: EngineChoice, { precision, tuning }: RunConfig): EngineChoice {
  if (choice.kind === "cpu") return choice;
  return { ...choice, precision: choice.precision ?? precision, tuning };
}

const roofText = ({ roof }: RunConfig) => roof ? ` (at best ${format(roof / 1e9)} GFLOP/s)` : "";

/** What is trained on what, before it starts. */
function dataLine(
  { model, parameters, endOfText }: RunConfig,
  { windowing }: TrainConfig,
  tokens: Uint16Array,
): string {
  const length = model.n_positions;
  const starts = windowStarts(tokens, { length, windowing, endOfText });
  const crossing = crossingWindows(tokens, starts, { length, endOfText }) / starts.length;
  return `${format(parameters)} parameters; ${format(tokens.length)} training tokens in ` +
    `${format(starts.length)} sequences of ${length}, ${(100 * crossing).toFixed(1)}% of which ` +
    `hold parts of more than one document (--windowing ${windowing})`;
}
