/** The command line of `deno task train`: every value of both configs is a flag. */

import {
  type GptConfig,
  optimizers,
  type PresetName,
  presets,
  schedules,
  type TrainConfig,
  validateGptConfig,
  validateTrainConfig,
  windowings,
} from "../lib/gpt/config.ts";
import { type Flag, UsageError } from "../lib/base/cli.ts";

const modelFlags = {
  "n-positions": { type: "integer", help: "context length in tokens" },
  "n-embd": { type: "integer", help: "width of the residual stream" },
  "n-layer": { type: "integer", help: "number of layers" },
  "n-head": { type: "integer", help: "attention heads in each layer" },
  "embd-pdrop": { type: "number", help: "dropout probability after the embeddings" },
  "attn-pdrop": { type: "number", help: "dropout probability of attention weights" },
  "resid-pdrop": {
    type: "number",
    help: "dropout probability of what is added to the residual stream",
  },
  "layer-norm-epsilon": { type: "number", help: "added to the variance in layer normalisation" },
  "initializer-range": { type: "number", help: "standard deviation of initial weights" },
} satisfies Record<string, Flag>;

const trainFlags = {
  "batch-size": { type: "integer", help: "sequences in each micro-batch" },
  "gradient-accumulation": { type: "integer", help: "micro-batches in each step" },
  steps: { type: "integer", help: "optimizer steps" },
  "learning-rate": {
    type: "number",
    placeholder: "LR",
    help: "learning rate at its peak, after the warm-up",
  },
  "min-learning-rate": { type: "number", placeholder: "LR", help: "learning rate at the end" },
  "warmup-steps": { type: "integer", help: "steps of linear warm-up" },
  schedule: {
    type: "string",
    choices: schedules,
    help: "shape of the learning rate after the warm-up",
  },
  "decay-fraction": {
    type: "number",
    help: "share of the steps over which wsd decays the learning rate",
  },
  windowing: {
    type: "string",
    choices: windowings,
    help: "cut sequences from one stream, or never across documents",
  },
  optimizer: {
    type: "string",
    choices: optimizers,
    help: "adamw, or muon for all matrices but the embeddings",
  },
  "muon-momentum": { type: "number", help: "Muon: share of the old momentum in the new one" },
  beta1: { type: "number", help: "AdamW: decay rate of the mean of the gradients" },
  beta2: { type: "number", help: "AdamW: decay rate of the mean of their squares" },
  "adam-epsilon": {
    type: "number",
    help: "AdamW: added to the root of that mean, so that nothing is divided by zero",
  },
  "weight-decay": { type: "number", help: "decay matrices by this rate times the learning rate" },
  "max-grad-norm": { type: "number", help: "clip gradients to this norm; 0 turns clipping off" },
  "eval-interval": { type: "integer", help: "steps between validations" },
  "eval-tokens": { type: "integer", help: "tokens of val.bin that a validation reads" },
  "sample-interval": { type: "integer", help: "steps between samples" },
  "checkpoint-interval": { type: "integer", help: "steps between checkpoints" },
  patience: {
    type: "integer",
    help: "stop after this many validations without progress; 0 never stops",
  },
  "spike-factor": {
    type: "number",
    help: "roll back when the gradient norm exceeds its mean by this factor; 0 turns it off",
  },
  seed: { type: "integer", help: "seed of initial weights, data order and dropout" },
} satisfies Record<string, Flag>;

/** Flags without defaults: what is not given comes from the preset, or from the run resumed. */
export const configFlags = { ...modelFlags, ...trainFlags };

/** Of the phase on public texts; what is not given is as for the notes. */
export const pretrainFlags = {
  "pretrain-passes": {
    type: "number",
    min: 0,
    help: "passes over the public texts before the notes (default 1, with --init-from 0)",
  },
  "pretrain-batch-size": { type: "integer", help: "the same over the public texts" },
  "pretrain-learning-rate": { type: "number", placeholder: "LR", help: "peak learning rate there" },
  "pretrain-schedule": {
    type: "string",
    choices: schedules,
    help: "shape after the warm-up there",
  },
  "pretrain-optimizer": { type: "string", choices: optimizers, help: "optimizer there" },
  "pretrain-weight-decay": { type: "number", help: "weight decay there" },
} satisfies Record<string, Flag>;

/** Which weights a run begins with, if not random ones. */
export const initFlags = {
  "init-from": {
    type: "string",
    placeholder: "DIR",
    help: "start from the weights of a Hugging Face GPT-2, a checkpoint or a run",
  },
  "adapt-vocabulary": {
    type: "boolean",
    help: "with --init-from: keep the tokens' vocabulary and fit the model's embeddings to it",
  },
} satisfies Record<string, Flag>;

type Value = number | string | undefined;
const camel = (name: string) => name.replace(/-([a-z])/g, (_, c: string) => c.toUpperCase());

/** What was given on the command line, by the config's own names. */
export interface Overrides {
  model: Partial<GptConfig>;
  train: Partial<TrainConfig>;
  /** `--tokens`: a budget instead of steps. */
  tokens?: number;
  /** Of the phase on public texts. */
  pretrain?: { passes?: number; train: Partial<TrainConfig> };
}

/** Sorts parsed flags into overrides of the two configs. */
export function overridesOf(flags: Record<string, unknown>): Overrides {
  const given = (table: Record<string, Flag>, rename: (flag: string) => string) =>
    Object.fromEntries(
      Object.keys(table)
        .map((flag): [string, Value] => [rename(flag), flags[camel(flag)] as Value])
        .filter(([, value]) => value !== undefined),
    );
  const tokens = flags.tokens as number | undefined;
  if (tokens !== undefined && flags.steps !== undefined) {
    throw new UsageError("Give --steps or --tokens, not both");
  }
  return {
    model: given(modelFlags, (flag) => flag.replaceAll("-", "_")),
    train: given(trainFlags, camel),
    tokens,
    ...pretrainOf(flags),
  };
}

function pretrainOf(flags: Record<string, unknown>): Pick<Overrides, "pretrain"> {
  const given = Object.keys(pretrainFlags)
    .map((flag): [string, Value] => [
      camel(flag.replace("pretrain-", "")),
      flags[camel(flag)] as Value,
    ])
    .filter(([, value]) => value !== undefined);
  if (given.length === 0) return {};
  const { passes, ...train } = Object.fromEntries(given);
  return { pretrain: { passes: passes as number | undefined, train } };
}

/**
 * How `tokens` public tokens are learned from before the notes: one pass unless told otherwise, by
 * the notes' own values where none are given. Undefined: not at all.
 */
export function pretrainConfig(
  notes: TrainConfig,
  { passes = 1, train: given }: NonNullable<Overrides["pretrain"]> = { train: {} },
  tokens: number,
  { n_positions }: GptConfig,
): { passes: number; train: TrainConfig } | undefined {
  const windows = Math.floor((tokens - 1) / n_positions);
  if (passes === 0 || windows < 1) return undefined;
  const train: TrainConfig = { ...notes, ...given, patience: 0 };
  const sequences = train.batchSize * train.gradientAccumulation;
  train.steps = Math.max(1, Math.round(passes * windows / sequences));
  train.warmupSteps = Math.min(train.warmupSteps, Math.ceil(train.steps / 10));
  if (given.learningRate !== undefined) {
    train.minLearningRate = given.learningRate * notes.minLearningRate / notes.learningRate;
  }
  return { passes, train: validateTrainConfig(train) };
}

/**
 * A preset with overrides. Values that follow from others do so unless given themselves: the final
 * learning rate keeps the preset's ratio to the peak, the warm-up takes at most a tenth of the steps.
 * `base` takes the place of the preset's model where the weights come from another one.
 */
export function presetConfig(
  name: PresetName,
  overrides: Overrides,
  vocabSize: number,
  base: Omit<GptConfig, "vocab_size"> = presets[name].model,
): { model: GptConfig; train: TrainConfig } {
  const preset = presets[name];
  const model: GptConfig = { ...base, ...overrides.model, vocab_size: vocabSize };
  const train: TrainConfig = { ...preset.train, ...overrides.train };
  if (overrides.tokens !== undefined) train.steps = stepsFor(overrides.tokens, model, train);
  if (overrides.train.minLearningRate === undefined) {
    const ratio = preset.train.minLearningRate / preset.train.learningRate;
    train.minLearningRate = train.learningRate * ratio;
  }
  if (overrides.train.warmupSteps === undefined) {
    train.warmupSteps = Math.min(train.warmupSteps, Math.ceil(train.steps / 10));
  }
  return { model: validateGptConfig(model), train: validateTrainConfig(train) };
}

/** Steps that see at least `tokens` tokens. */
export function stepsFor(
  tokens: number,
  { n_positions }: GptConfig,
  { batchSize, gradientAccumulation }: TrainConfig,
): number {
  return Math.ceil(tokens / (n_positions * batchSize * gradientAccumulation));
}

/** What may change when a run goes on; all else would make its past another run's. */
const CHANGEABLE: readonly string[] = [
  "steps",
  "learningRate",
  "minLearningRate",
  "schedule",
  "decayFraction",
  "weightDecay",
  "maxGradNorm",
  "evalInterval",
  "sampleInterval",
  "checkpointInterval",
  "patience",
  "spikeFactor",
];

/**
 * The config of a run that goes on, with what the command line changes. Throws a `RangeError` if it
 * changes what cannot change. `changes` says in words what is different from before.
 */
export function resumedConfig(
  before: { model: GptConfig; train: TrainConfig },
  overrides: Overrides,
): { model: GptConfig; train: TrainConfig; changes: string[] } {
  if (overrides.pretrain) {
    throw new RangeError(
      "Cannot resume with other --pretrain values: the public texts come first, by the values that " +
        "the run began with; leave them out, or start a new run",
    );
  }
  const train: Partial<TrainConfig> = { ...overrides.train };
  if (overrides.tokens !== undefined) {
    train.steps = stepsFor(overrides.tokens, before.model, before.train);
  }
  const old: Record<string, Value> = { ...before.model, ...before.train };
  const changes: string[] = [];
  for (const [name, value] of Object.entries({ ...overrides.model, ...train })) {
    if (old[name] === value) continue;
    if (!CHANGEABLE.includes(name)) {
      throw new RangeError(
        `Cannot resume with another ${name}: the run has ${old[name]}, the command line says ` +
          `${value}; leave the flag out, or start a new run with --run NAME --init-from its checkpoint`,
      );
    }
    changes.push(`${name} ${old[name]} → ${value}`);
  }
  return {
    model: before.model,
    train: validateTrainConfig({ ...before.train, ...train }),
    changes,
  };
}
