/**
 * What is run before the report is written: which corpora, which models, which measurements. One
 * workspace for each corpus under `DATA/report/`, so that nothing of a person's own is touched.
 */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import type { Stage } from "../artifacts/stages.ts";

/** How much of everything. */
export interface Effort {
  /** Synthetic notes. */
  notes: number;
  vocabulary: number;
  /** Optimizer steps of each model; a model without steps is left out. */
  steps: Record<"synthetic" | "real", Record<"micro" | "mid" | "nano", number>>;
  /** Steps in which both engines run side by side. */
  engineSteps: number;
  /** Token budgets of the scaling runs; fewer than three leave them out. */
  sweepTokens: readonly number[];
  /** Flags of calibrate. */
  calibrateArgs: readonly string[];
  /** Flags of eval for what is measured in depth, and for the rest. */
  evalArgs: readonly string[];
  sideArgs: readonly string[];
  auditArgs: readonly string[];
}

export const efforts = {
  /** For those who want to see that it works. */
  quick: {
    notes: 120,
    vocabulary: 512,
    steps: {
      synthetic: { micro: 20, mid: 0, nano: 0 },
      real: { micro: 20, mid: 0, nano: 0 },
    },
    engineSteps: 0,
    sweepTokens: [],
    calibrateArgs: ["--notes", "4", "--excerpt", "120", "--train-notes", "60"],
    evalArgs: ["--notes", "4", "--excerpt", "120", "--words", "40"],
    sideArgs: ["--notes", "4", "--excerpt", "120", "--words", "40"],
    auditArgs: ["--notes", "8", "--texts", "2"],
  },
  /** The committed report. */
  full: {
    notes: 3000,
    vocabulary: 2048,
    steps: {
      synthetic: { micro: 2500, mid: 0, nano: 300 },
      real: { micro: 4000, mid: 10000, nano: 300 },
    },
    engineSteps: 100,
    sweepTokens: [100_000, 200_000, 400_000],
    calibrateArgs: [],
    evalArgs: [],
    sideArgs: ["--notes", "40"],
    auditArgs: [],
  },
} satisfies Record<string, Effort>;

export type EffortName = keyof typeof efforts;

/** A corpus of the report and where its files lie. */
export interface Corpus {
  name: string;
  /** How the report calls it. */
  title: string;
  /** Notes of one's own to ingest, or `undefined`: synthetic ones are made. */
  notes?: string;
  /** Workspace. */
  root: string;
  /** Whether scaling runs are made on it and the decoder's rules switched off: one is enough. */
  inDepth: boolean;
}

/** Models of the report, smallest first; `bigram` is the original project's first. */
export const models = {
  micro: [],
  mid: ["--n-embd", "192", "--n-layer", "4", "--n-head", "6", "--n-positions", "256"]
    .concat("--batch-size", "4", "--learning-rate", "3e-3", "--min-learning-rate", "1e-4")
    .concat("--warmup-steps", "200"),
  nano: ["--batch-size", "4", "--learning-rate", "1e-3"],
} satisfies Record<string, readonly string[]>;

export type ModelName = keyof typeof models;

const stepsOf = ({ notes }: Corpus, { steps }: Effort) => steps[notes ? "real" : "synthetic"];

/** Names of the models that are trained on `corpus`. */
export const modelsOf = (corpus: Corpus, effort: Effort): ModelName[] =>
  (Object.keys(models) as ModelName[]).filter((name) => stepsOf(corpus, effort)[name] > 0);

/**
 * Those that are measured as an autocomplete: trained for at least as many steps as the smallest. The
 * others only show how their loss falls.
 */
export function evaluated(corpus: Corpus, effort: Effort): ModelName[] {
  const steps = stepsOf(corpus, effort);
  return modelsOf(corpus, effort).filter((name) => steps[name] >= steps.micro);
}

/** The model that is audited, exported and served: the largest of those. */
export const deployed = (corpus: Corpus, effort: Effort): ModelName =>
  evaluated(corpus, effort).at(-1)!;

/** `gpu` is the task prefix under which `--gpu` finds an adapter, or `undefined`: none is at hand. */
export function stagesOf(corpus: Corpus, effort: Effort, gpu: string | undefined): Stage[] {
  return [
    ...preparation(corpus, effort),
    ...training(corpus, effort),
    ...measuring(corpus, effort),
    ...engines(corpus, effort, gpu),
    ...scaling(corpus, effort),
  ];
}

function preparation({ root, notes }: Corpus, effort: Effort): Stage[] {
  const paths = workspace(root);
  const synthesize: Stage = {
    name: "synthesize",
    task: "synthesize",
    artifact: "synthetic",
    does: `invent ${effort.notes} notes`,
    args: ["--notes", `${effort.notes}`],
    output: paths.synthetic,
  };
  return [
    ...notes ? [] : [synthesize],
    {
      name: "ingest",
      task: "ingest",
      artifact: "notes",
      does: "clean them, split them by patient",
      args: [notes ?? paths.synthetic],
      output: paths.notes,
    },
    {
      name: "eda",
      task: "eda",
      artifact: "eda",
      does: "look at them",
      args: [],
      output: paths.edaJson,
    },
    {
      name: "tokenize",
      task: "tokenize",
      artifact: "tokens",
      does: "learn a vocabulary, encode",
      args: ["--vocab-size", `${effort.vocabulary}`],
      output: paths.tokensReport,
    },
    {
      name: "ngram",
      task: "ngram",
      artifact: "ngram",
      does: "count phrases that many patients share",
      args: [],
      output: paths.ngram,
    },
  ];
}

function training(corpus: Corpus, effort: Effort): Stage[] {
  const { root } = corpus;
  const bigram: Stage = {
    name: "train bigram",
    task: "train",
    artifact: "run",
    run: "bigram",
    does: "count the original project's first model",
    args: ["--preset", "bigram", "--run", "bigram", "--force"],
    output: workspace(root).run("bigram").log,
  };
  return [
    bigram,
    ...modelsOf(corpus, effort).map((name) =>
      trainStage(root, name, name, stepsOf(corpus, effort)[name], [])
    ),
  ];
}

function trainStage(
  root: string,
  run: string,
  model: ModelName,
  steps: number,
  more: readonly string[],
  task = "train",
): Stage {
  const preset = model === "mid" ? "micro" : model;
  return {
    name: `train ${run}`,
    task,
    artifact: "run",
    run,
    does: `train ${model} for ${steps} steps`,
    args: [...more, "--preset", preset, ...models[model], "--steps", `${steps}`, "--run", run]
      .concat("--force"),
    output: join(workspace(root).run(run).best, "model.safetensors"),
    resume: {
      args: [...more, "--run", run, "--resume"],
      from: workspace(root).run(run).last,
    },
  };
}

function measuring(corpus: Corpus, effort: Effort): Stage[] {
  const { root, notes, inDepth } = corpus;
  const chosen = deployed(corpus, effort);
  const run = workspace(root).run(chosen);
  return [
    ...evaluated(corpus, effort).map((name): Stage => ({
      name: `calibrate ${name}`,
      task: "calibrate",
      artifact: "calibration",
      run: name,
      does: "fit n-grams and confidence on validation notes",
      args: ["--run", name, ...effort.calibrateArgs],
      output: workspace(root).run(name).calibration,
    })),
    ...evaluated(corpus, effort).map((name): Stage => ({
      name: `eval ${name}`,
      task: "eval",
      artifact: "eval",
      run: name,
      does: "measure it as an autocomplete",
      args: ["--run", name].concat(
        inDepth && name === chosen ? [...effort.evalArgs, "--ablate"] : effort.sideArgs,
      ),
      output: join(workspace(root).run(name).eval, "eval.json"),
    })),
    {
      name: `audit ${chosen}`,
      task: "audit",
      artifact: "audit",
      run: chosen,
      does: "measure what it remembers",
      args: ["--run", chosen, ...effort.auditArgs],
      output: join(run.audit, "audit.json"),
    },
    {
      name: `export ${chosen}`,
      task: "export",
      artifact: "export",
      run: chosen,
      does: "write ONNX files, check them",
      args: ["--run", chosen, "--accept-risk"]
        .concat(notes ? "measured for a report, not deployed" : "synthetic notes describe nobody"),
      output: join(run.export, "export.json"),
    },
  ];
}

function engines({ root }: Corpus, { engineSteps }: Effort, gpu: string | undefined): Stage[] {
  if (gpu === undefined || engineSteps === 0) return [];
  return [
    trainStage(root, "engine-cpu", "micro", engineSteps, []),
    trainStage(root, "engine-gpu", "micro", engineSteps, ["--gpu"], gpu),
  ];
}

/** Three widths on each budget, one after the other. */
function scaling({ root, inDepth }: Corpus, { sweepTokens }: Effort): Stage[] {
  if (!inDepth || sweepTokens.length < 3) return [];
  return [{
    name: "scaling",
    task: "train",
    does: "train three sizes on three budgets",
    args: ["--sweep", sweepFile(root, { sweepTokens })],
    output: join(root, "reports", "sweep-scaling.json"),
    after: "tokenize",
  }];
}

/** Named by its budgets, so that other budgets are another command line. */
export const sweepFile = (root: string, { sweepTokens }: Pick<Effort, "sweepTokens">): string =>
  join(root, `scaling-${sweepTokens.join("-")}.json`);

/** What `train --sweep` is to run. */
export function sweepContent({ sweepTokens }: Effort): object {
  const sizes = [{ "n-embd": 64, "n-layer": 2 }, { "n-embd": 96, "n-layer": 3 }, {
    "n-embd": 128,
    "n-layer": 4,
  }];
  return {
    name: "scaling",
    base: { preset: "micro", "warmup-steps": 50 },
    runs: sizes.flatMap((size) => sweepTokens.map((tokens) => ({ ...size, tokens }))),
  };
}
