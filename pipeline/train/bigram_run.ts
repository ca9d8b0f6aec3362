/**
 * `deno task train --preset bigram`: the bigram baseline as a run of its own, in the log format of
 * the others, so that `deno task watch` lays its curve beside theirs. There is nothing to optimize,
 * so a step is a step's worth of tokens counted, and the run ends where the tokens do.
 */

import { type RunPaths, type Workspace } from "../artifacts.ts";
import { writeJson } from "../lib/base/files.ts";
import { format, Progress, UsageError } from "../lib/base/cli.ts";
import type { GptConfig, TrainConfig } from "../lib/gpt/config.ts";
import { BigramCounts } from "./bigram.ts";
import { writeCurves } from "./curves.ts";
import { dataRecord, targetCharacters, type TrainingData } from "./data.ts";
import { type Overrides, presetConfig } from "./flags.ts";
import { validationBatches } from "./loader.ts";
import { type LogEntry, RunLog } from "./log.ts";
import { gitRevision, type RunConfig } from "./run_folder.ts";

/** config.json of a bigram run: what of a run's configuration decides anything here. */
export type BigramConfig = Omit<RunConfig, "preset" | "model" | "train"> & {
  preset: "bigram";
  model: Pick<GptConfig, "vocab_size" | "n_positions">;
  train: Pick<TrainConfig, (typeof SETTINGS)[number]>;
};

/** What decides the size of a step, and when and on which windows to validate. */
const SETTINGS = [
  "steps",
  "batchSize",
  "gradientAccumulation",
  "evalInterval",
  "evalTokens",
] as const;

/** The whole run, but for the writing; throws a `UsageError` on flags that mean nothing here. */
export async function prepareBigram(
  workspace: Workspace,
  data: TrainingData,
  name: string,
  overrides: Overrides,
): Promise<{ config: BigramConfig; log: LogEntry[] }> {
  requireSettings(overrides);
  const { tokenizer: { vocabSize }, train: tokens } = data;
  const preset = presetConfig("micro", overrides, vocabSize);
  const { n_positions } = preset.model;
  const { batchSize, gradientAccumulation, evalInterval, evalTokens } = preset.train;
  const perStep = batchSize * gradientAccumulation * n_positions;
  const given = overrides.train.steps ??
    (overrides.tokens && Math.ceil(overrides.tokens / perStep));
  const steps = Math.min(given ?? Infinity, Math.ceil(tokens.length / perStep));
  const validation = validationBatches(data.val, evalTokens, {
    ...preset.train,
    length: n_positions,
    endOfText: data.tokenizer.endOfText,
    path: workspace.tokens("val"),
  });
  const targets = validation.reduce((sum, batch) => sum + batch.targets.length, 0);
  const bits = (loss: number) =>
    loss * targets / Math.LN2 / targetCharacters(validation, data.tokenizer);
  const counts = new BigramCounts(validation, vocabSize);
  const progress = new Progress("count", steps, "steps");
  const started = performance.now();
  const log: LogEntry[] = [];
  for (let step = 0; step <= steps; step++) {
    const end = Math.min(step * perStep, tokens.length);
    if (step > 0) counts.add(tokens, (step - 1) * perStep, end);
    if (step % evalInterval !== 0 && step !== steps) continue;
    const { loss } = counts.baseline();
    const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
    log.push({
      kind: "validation",
      step,
      tokens: end,
      loss,
      bitsPerCharacter: bits(loss),
      seconds,
    });
    progress.update(step, `validation loss ${loss.toFixed(3)}`);
  }
  progress.finish(`${format(log.at(-1)!.step)} steps`);
  const { loss: bigram, k } = counts.baseline();
  const counted = Math.min(steps * perStep, tokens.length);
  log.unshift({
    kind: "baseline",
    step: 0,
    tokens: counted,
    loss: bigram,
    bitsPerCharacter: bits(bigram),
  });
  const config: BigramConfig = {
    name,
    startedAt: new Date().toISOString(),
    preset: "bigram",
    model: { vocab_size: vocabSize, n_positions },
    train: { steps, batchSize, gradientAccumulation, evalInterval, evalTokens },
    parameters: vocabSize ** 2,
    engine: "counting",
    roof: null,
    initFrom: null,
    git: await gitRevision(),
    versions: { ...Deno.version },
    ...await dataRecord(workspace, data),
    baseline: { bigram, k },
  };
  return { config, log };
}

/** Writes config.json, log.jsonl and curves.svg of the run. */
export async function writeBigram(
  paths: RunPaths,
  { config, log }: { config: BigramConfig; log: LogEntry[] },
): Promise<void> {
  await writeJson(paths.config, config);
  const file = await RunLog.open(paths.log, -1);
  await file.append(...log);
  file.close();
  await writeCurves(paths.curves, {
    name: config.name,
    entries: log,
    baseline: config.baseline.bigram,
  });
}

function requireSettings({ model, train }: Overrides): void {
  const known: readonly string[] = [...SETTINGS, "n_positions"];
  const other = Object.keys({ ...model, ...train }).find((name) => !known.includes(name));
  if (other === undefined) return;
  const flag = other.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`).replaceAll("_", "-");
  throw new UsageError(`--${flag} means nothing to counted bigrams; leave it out`);
}
