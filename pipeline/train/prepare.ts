/** All that is decided before the first step, for a new run and for one that goes on. */

import { type RunPaths, type Workspace } from "../artifacts.ts";
import { ArtifactError, exists } from "../lib/base/files.ts";
import { UsageError } from "../lib/base/cli.ts";
import type { GptConfig, PresetName, TrainConfig } from "../lib/gpt/config.ts";
import {
  type Moments,
  previousName,
  readCheckpoint,
  readMoments,
  type TrainingState,
} from "../lib/gpt/model/checkpoint.ts";
import { initialParameters } from "../lib/gpt/model/init.ts";
import { parameterCount, type Tensors } from "../lib/gpt/model/parameters.ts";
import { bigramBaseline } from "./bigram.ts";
import { dataRecord, type TrainingData } from "./data.ts";
import type { Batch } from "./engine.ts";
import { type Overrides, presetConfig, pretrainConfig, resumedConfig } from "./flags.ts";
import { adaptParameters, readInitialModel, requireSameTokenizer } from "./init_from.ts";
import { validationBatches } from "./loader.ts";
import { gitRevision, readRunConfig, requireSameData, type RunConfig } from "./run_folder.ts";

export interface PreparedRun {
  config: RunConfig;
  validation: Batch[];
  parameters: Tensors;
  /** Both present when the run goes on. */
  moments?: Moments;
  state?: TrainingState;
}

export interface NewRun {
  name: string;
  preset: PresetName;
  overrides: Overrides;
  /** Folder of the model to start from. */
  initFrom?: string;
  /** Fit that model to the tokens' vocabulary where its tokenizer is another one. */
  adaptVocabulary?: boolean;
}

/** A new run; writes nothing. `warnings` say how a model to start from had to be adapted. */
export async function prepareNew(
  workspace: Workspace,
  data: TrainingData,
  { name, preset, overrides, initFrom, adaptVocabulary }: NewRun,
): Promise<PreparedRun & { warnings: string[] }> {
  const { tokenizer } = data;
  const initial = initFrom === undefined ? undefined : await readInitialModel(initFrom);
  if (initial && !adaptVocabulary) requireSameTokenizer(initial, data.tokenizerJson);
  const { model, train } = presetConfig(
    preset,
    overrides,
    tokenizer.vocabSize,
    initial?.config,
  );
  const adapted = initial && adaptParameters(initial, model, tokenizer, train.seed);
  const parameters = adapted?.parameters ?? initialParameters(model, train.seed);
  const warnings = [...initial?.warnings ?? [], ...adapted?.warnings ?? []];
  const validation = batchesOf(data, model, train, workspace.tokens("val"));
  // A model to start from has read its public texts.
  const asked = overrides.pretrain ?? (initial ? { passes: 0, train: {} } : undefined);
  const pretrain = pretrainConfig(train, asked, data.public.length, model);
  if (overrides.pretrain?.passes && !pretrain) {
    throw new UsageError(
      "--pretrain-passes needs public texts in the workspace: deno task ingest --public FILE, then " +
        "deno task tokenize",
    );
  }
  const licences = {
    ...initial?.licences ?? {},
    ...(pretrain || data.base ? data.licences : {}),
  };
  const { loss: bigram, k } = bigramBaseline(data.train, validation, tokenizer.vocabSize);
  const config: RunConfig = {
    name,
    startedAt: new Date().toISOString(),
    preset,
    model,
    train,
    parameters: parameterCount(model),
    engine: "",
    roof: null,
    initFrom: initFrom ?? null,
    git: await gitRevision(),
    versions: { ...Deno.version },
    ...await dataRecord(workspace, data),
    baseline: { bigram, k },
    ...(pretrain ? { pretrain } : {}),
    ...(Object.keys(licences).length > 0 ? { licences } : {}),
  };
  return { config, validation, parameters, warnings };
}

/** A run that goes on from its last checkpoint, with what in it changed, in words. */
export async function prepareResumed(
  workspace: Workspace,
  data: TrainingData,
  run: RunPaths,
  overrides: Overrides,
): Promise<PreparedRun & { changes: string[] }> {
  const before = await readRunConfig(run);
  await requireSameData(workspace, run, before.name);
  const { model, train, changes } = resumedConfig(before, overrides);
  const folder = await resumable(run);
  const { parameters, state, config: trained } = await readCheckpoint(folder);
  requireSameModel(run, folder, before.model, trained);
  const moments = await readMoments(folder, model);
  if (folder === run.best) {
    changes.push(`last/ is missing, going on from best/ at step ${state!.step}`);
  }
  const validation = batchesOf(data, model, train, workspace.tokens("val"));
  return {
    config: { ...before, model, train },
    validation,
    parameters,
    moments,
    state,
    changes,
  };
}

/** `last`, or `best` where that is all there is: both hold all that an exact resume needs. */
async function resumable({ last, best }: RunPaths): Promise<string> {
  for (const folder of [last, previousName(last)]) if (await exists(folder)) return last;
  return await exists(best) ? best : last;
}

/** config.json of a run is a file that people open, and change. */
function requireSameModel(
  run: RunPaths,
  folder: string,
  described: GptConfig,
  trained: GptConfig,
): void {
  const names = Object.keys(trained) as (keyof GptConfig)[];
  const field = names.find((name) => described[name] !== trained[name]);
  if (field === undefined) return;
  throw new ArtifactError(
    `Cannot resume: ${run.config} says ${field} ${described[field]}, the checkpoint in ` +
      `${folder} has ${trained[field]}; put ${trained[field]} back there`,
  );
}

/** What a run is validated on, in batches of its size; `path` names the data in errors. */
export function batchesOf(
  { val, tokenizer }: TrainingData,
  model: GptConfig,
  train: TrainConfig,
  path: string,
): Batch[] {
  return validationBatches(val, train.evalTokens, {
    ...train,
    length: model.n_positions,
    endOfText: tokenizer.endOfText,
    path,
  });
}
