/** A prepared run, trained to its end in this process, with Ctrl-C in good order. */

import { type RunPaths } from "../artifacts.ts";
import { writeJson } from "../lib/base/files.ts";
import { format } from "../lib/base/cli.ts";
import { createEngine, type EngineChoice } from "./create_engine.ts";
import { targetCharacters, type TrainingData } from "./data.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { runObserver } from "./observer.ts";
import type { PreparedRun } from "./prepare.ts";
import type { RunConfig } from "./run_folder.ts";
import { flopsPerToken, memoryLine, Terminal } from "./terminal.ts";
import type { TrainingResult } from "./job.ts";
import { train } from "./trainer.ts";
import { crossingWindows, windowStarts } from "./windows.ts";

/** Trains `prepared` in `paths` on the chosen engine. */
export async function runSession(
  { config, ...start }: PreparedRun,
  data: TrainingData,
  paths: RunPaths,
  choice: EngineChoice,
): Promise<TrainingResult> {
  const { name, model, train: options } = config;
  console.error(dataLine(config, data));
  const terminal = new Terminal(model, options, config.parameters);
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
  const result = await train({
    ...start,
    paths,
    model,
    train: options,
    endOfText: config.endOfText,
    tokens: data.train,
    tokensPath: config.data.train.path,
    baseline: config.baseline.bigram,
    utilization: (tokensPerSecond) =>
      config.roof
        ? tokensPerSecond * flopsPerToken(model, config.parameters) / config.roof
        : undefined,
    validationCharacters: targetCharacters(start.validation, data.tokenizer),
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
    started: (engine) =>
      terminal.message(`${engine.description}${roofText(config)}; ${memoryLine(engine)}`),
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
function dataLine({ model, train: { windowing }, parameters }: RunConfig, data: TrainingData) {
  const length = model.n_positions, endOfText = data.tokenizer.endOfText;
  const starts = windowStarts(data.train, { length, windowing, endOfText });
  const crossing = crossingWindows(data.train, starts, { length, endOfText }) / starts.length;
  return `${format(parameters)} parameters; ${format(data.train.length)} training tokens in ` +
    `${format(starts.length)} sequences of ${length}, ${(100 * crossing).toFixed(1)}% of which ` +
    `hold parts of more than one document (--windowing ${windowing})`;
}
