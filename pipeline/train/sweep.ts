/**
 * `deno task train --sweep FILE`: several runs one after the other, and what they say together.
 *
 *   {
 *     "name": "width",
 *     "base": { "preset": "micro", "tokens": 2000000 },
 *     "runs": [{ "n-embd": 64 }, { "n-embd": 128 }, { "n-embd": 256, "learning-rate": 0.002 }]
 *   }
 *
 * Keys are the flags of `deno task train`; a run may have a "name" of its own. Called again, a sweep
 * goes on where it was: finished runs are kept, a broken one is resumed.
 */

import { join } from "@std/path";
import { type RunPaths, type Workspace } from "../artifacts.ts";
import { ArtifactError, exists, writeJson } from "../lib/base/files.ts";
import { type Flag, format, Interrupted, parseFlags, UsageError } from "../lib/base/cli.ts";
import { type PresetName, presets } from "../lib/gpt/config.ts";
import { readCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import type { EngineChoice } from "./create_engine.ts";
import { readTrainingData, type TrainingData } from "./data.ts";
import { configFlags, overridesOf, pretrainFlags } from "./flags.ts";
import { type NewRun, type PreparedRun, prepareNew, prepareResumed } from "./prepare.ts";
import { describeRun, lockRun, readRunConfig, type RunConfig, writing } from "./run_folder.ts";
import {
  fitScalingLaw,
  type MeasuredRun,
  optimum,
  scalingDoubt,
  type ScalingLaw,
  scalingObstacle,
} from "./scaling.ts";
import { runSession } from "./session.ts";

type Entry = Record<string, string | number | boolean>;

interface SweepFile {
  name: string;
  base?: Entry;
  runs: Entry[];
}

/** One line of the report. */
export interface SweepRow extends MeasuredRun {
  name: string;
  bestStep: number;
  bigram: number;
  /** What sets this run apart from the others. */
  changes: Entry;
}

export interface SweepReport {
  name: string;
  /** Best first. */
  runs: SweepRow[];
  scaling: ScalingLaw | null;
  /** Why the law is not to be relied on; null if nothing speaks against it. */
  doubt: string | null;
}

const runFlags = {
  preset: { type: "string", choices: Object.keys(presets), default: "micro", help: "" },
  tokens: { type: "integer", min: 1, help: "" },
  "init-from": { type: "string", help: "" },
  "adapt-vocabulary": { type: "boolean", help: "" },
  ...configFlags,
  ...pretrainFlags,
} satisfies Record<string, Flag>;

/** Runs all of `file`, writes DATA/reports/sweep-NAME.json and prints it. */
export async function runSweep(
  file: string,
  workspace: Workspace,
  engine: EngineChoice,
): Promise<void> {
  const { name, base = {}, runs: entries } = await readSweep(file);
  const wanted = entries.map(({ name: own, ...entry }, i) => ({
    name: `${name}-${own ?? i + 1}`,
    changes: entry,
    run: parsed(`${name}-${own ?? i + 1}`, { ...base, ...entry }),
  }));
  const data = await readTrainingData(workspace);
  const rows: SweepRow[] = [];
  for (const [i, { name, changes, run }] of wanted.entries()) {
    console.error(`\n[${i + 1}/${wanted.length}] ${name} ${JSON.stringify(changes)}`);
    const paths = workspace.run(name);
    await trainOne(workspace, data, paths, run, engine, file);
    rows.push({ ...await measured(paths), changes });
  }
  rows.sort((a, b) => a.loss - b.loss);
  const scaling = scalingObstacle(rows) ? null : fitScalingLaw(rows);
  const report = sweepReport(name, rows, scaling);
  const path = join(workspace.root, "reports", `sweep-${name}.json`);
  await writeJson(path, report);
  console.log(reportText(report));
  console.log(`\nWrote ${path}; to see the curves: deno task watch`);
}

async function readSweep(path: string): Promise<SweepFile> {
  const fail = (why: string) => new UsageError(`Cannot use ${path}: ${why}`);
  const text = await Deno.readTextFile(path).catch((error) => {
    throw error instanceof Deno.errors.NotFound ? fail("there is no such file") : error;
  });
  let file: SweepFile;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (!/^[\w.-]+$/.test(file.name ?? "")) {
    throw fail('"name" must be made of letters, digits, ".", "-" and "_"');
  }
  if (!Array.isArray(file.runs) || file.runs.length === 0) throw fail('"runs" must be a list');
  const names = file.runs.map(({ name }, i) => name ?? i + 1);
  if (new Set(names).size < names.length) throw fail("two runs have the same name");
  return file;
}

/** The same checks and messages as on the command line. */
function parsed(name: string, entry: Entry): NewRun {
  const argv = Object.entries(entry).map(([flag, value]) => `--${flag}=${value}`);
  const { flags } = parseFlags({ name: "train", flags: runFlags }, argv);
  const { preset, initFrom, adaptVocabulary } = flags;
  const overrides = overridesOf(flags);
  return { name, preset: preset as PresetName, overrides, initFrom, adaptVocabulary };
}

async function trainOne(
  workspace: Workspace,
  data: TrainingData,
  paths: RunPaths,
  run: NewRun,
  engine: EngineChoice,
  file: string,
): Promise<void> {
  using _lock = await writing(paths, () => lockRun(paths));
  const { warnings, ...fresh } = await prepareNew(workspace, data, run);
  for (const warning of warnings) console.error(`Adapted: ${warning}`);
  let prepared: PreparedRun = fresh;
  if (await exists(paths.last)) {
    requireSame(await readRunConfig(paths), fresh.config);
    prepared = await prepareResumed(workspace, data, paths, { model: {}, train: {} });
    const { phase, step } = prepared.state!;
    if (!phase && step >= prepared.config.train.steps) return;
  } else {
    await writing(paths, () => describeRun(workspace, paths, fresh.config));
  }
  const { outcome, state } = await writing(
    paths,
    () => runSession(prepared, data, paths, engine),
  );
  if (outcome !== "interrupted") return;
  throw new Interrupted(
    `Stopped run "${run.name}" after step ${state.step}; go on with: deno task train --sweep ${file}`,
  );
}

function requireSame(before: RunConfig, wanted: RunConfig): void {
  const parts = ({ model, train, pretrain }: RunConfig) => [model, train, { ...pretrain?.train }];
  const [olds, news] = [parts(before), parts(wanted)];
  for (const [part, one] of news.entries()) {
    const [old, now]: Record<string, unknown>[] = [{ ...olds[part] }, { ...one }];
    const field = Object.keys(now).find((name) => old[name] !== now[name]);
    if (field === undefined) continue;
    throw new ArtifactError(
      `Cannot go on with run "${before.name}": it has ${field} ${old[field]}, the sweep asks for ` +
        `${now[field]}; give that run or the sweep another "name"`,
    );
  }
}

async function measured(paths: RunPaths): Promise<Omit<SweepRow, "changes">> {
  const { name, parameters, model, train, baseline } = await readRunConfig(paths);
  const last = (await readCheckpoint(paths.last)).state!;
  return {
    name,
    parameters,
    tokens: last.step * train.batchSize * train.gradientAccumulation * model.n_positions,
    loss: last.bestLoss!,
    bestStep: last.bestStep!,
    bigram: baseline.bigram,
  };
}

/** Whether a size and a token budget lie among those that were trained. */
function isMeasured(
  { parameters, tokens }: { parameters: number; tokens: number },
  runs: readonly MeasuredRun[],
): boolean {
  const within = (value: number, all: number[]) =>
    value >= Math.min(...all) && value <= Math.max(...all);
  return within(parameters, runs.map((run) => run.parameters)) &&
    within(tokens, runs.map((run) => run.tokens));
}

/** `runs` must stand best first. */
export function sweepReport(
  name: string,
  runs: SweepRow[],
  scaling: ScalingLaw | null,
): SweepReport {
  return { name, runs, scaling, doubt: (scaling && scalingDoubt(scaling)) ?? null };
}

/** The runs best first, and what size to train where they determine a scaling law. */
export function reportText({ runs, scaling, doubt }: SweepReport): string {
  const width = Math.max(...runs.map(({ name }) => name.length));
  const lines = runs.map(({ name, loss, parameters, tokens, changes }) =>
    `${loss.toFixed(4)}  ${name.padEnd(width)}  ${format(parameters)} parameters  ` +
    `${format(tokens)} tokens  ${JSON.stringify(changes)}`
  );
  lines.unshift("", "validation loss, best first (nats per token)");
  if (!scaling) {
    return [...lines, "", `No scaling law: ${scalingObstacle(runs)}.`].join("\n");
  }
  const { E, A, a, B, b, residual } = scaling;
  lines.push(
    "",
    `loss = ${E.toFixed(3)} + ${A.toPrecision(3)} / parameters^${a.toFixed(3)} + ` +
      `${B.toPrecision(3)} / tokens^${b.toFixed(3)}, off by ${residual.toFixed(4)} (RMS)`,
  );
  const largest = Math.max(...runs.map(({ parameters, tokens }) => 6 * parameters * tokens));
  for (const factor of [1, 10, 100]) {
    const best = optimum(scaling, factor * largest);
    if (!best) continue;
    lines.push(
      `for ${(factor * largest).toExponential(1)} FLOP (${factor} × the largest run): ` +
        `${format(best.parameters)} parameters on ${format(best.tokens)} tokens, ` +
        `loss ${best.loss.toFixed(3)}${isMeasured(best, runs) ? "" : " (extrapolated)"}`,
    );
  }
  if (doubt) lines.push(`Not to be relied on: ${doubt}; add larger sizes and longer runs.`);
  return lines.join("\n");
}
