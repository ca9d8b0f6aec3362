/**
 * A checkpoint is a folder that Hugging Face tools open as a GPT-2 and that training resumes from:
 *
 *   model.safetensors      float32 weights under `GPT2LMHeadModel` names
 *   config.json            `GPT2Config`
 *   optimizer.safetensors  AdamW moments: `exp_avg.NAME`, `exp_avg_sq.NAME`
 *   state.json             where training stood
 *   SHA256SUMS             of the four above; `sha256sum -c SHA256SUMS` checks it by hand
 *
 * It is written beside its place, synced and renamed, so a crash at any moment leaves the old
 * checkpoint or the new one.
 */

import { basename, dirname, join } from "@std/path";
import {
  ArtifactError,
  exists,
  readJson,
  replaceFolder,
  requireFile,
  sha256File,
  temporaryName,
  writeAtomic,
  writeJson,
} from "../../base/files.ts";
import type { GptConfig } from "../config.ts";
import { fromHuggingFaceConfig, TENSOR_PREFIX, toHuggingFaceConfig } from "./hugging_face.ts";
import { parameterTable, type Tensors } from "./parameters.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "./safetensors.ts";

/** Where training stood after `step`: with weights and moments, all that an exact resume needs. */
export interface TrainingState {
  /** Learning from the public texts, before the first note; absent: from the notes. */
  phase?: "public";
  /** Optimizer steps done. */
  step: number;
  /** Passes over the data completed, and windows taken of the current one. */
  loader: { epoch: number; position: number };
  /** Loader positions whose batch led to a spike and is left out: "epoch:position". */
  skipped: string[];
  /** Factor on the schedule's learning rate, lowered after repeated spikes. */
  learningRateScale: number;
  /** In f16: the factor on the loss, and for how many steps it has been the same. */
  lossScale?: { scale: number; steps: number };
  /** Exponential means over the steps; null before the first. */
  smoothedLoss: number | null;
  gradNormMean: number | null;
  /** Lowest validation loss so far in nats and its step; null before the first validation. */
  bestLoss: number | null;
  bestStep: number | null;
  validationsSinceBest: number;
  /** Seconds of training so far, over all sessions. */
  seconds: number;
}

export interface Moments {
  moment1: Tensors;
  moment2: Tensors;
}

export interface Checkpoint {
  config: GptConfig;
  /** Id of the token that starts every document. */
  endOfText: number;
  parameters: Tensors;
  /** Absent in a model that was not trained here. */
  moments?: Moments;
  state?: TrainingState;
}

/** Where a run keeps what this file reads; `runPaths` of artifacts.ts has them all. */
interface RunFolders {
  root: string;
  config: string;
  last: string;
  best: string;
}

const MADE_BY = "deno task train";
const SUMS = "SHA256SUMS";

/** Replaces `folder` by `checkpoint`; if that fails, what was there before still is. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const { config, endOfText, parameters, moments, state } = checkpoint;
  const temporary = temporaryName(folder);
  try {
    await writeSafetensors(join(temporary, "model.safetensors"), named(config, parameters));
    await writeJson(join(temporary, "config.json"), toHuggingFaceConfig(config, endOfText));
    if (moments) {
      const tensors = new Map([
        ...named(config, moments.moment1, "exp_avg."),
        ...named(config, moments.moment2, "exp_avg_sq."),
      ]);
      await writeSafetensors(join(temporary, "optimizer.safetensors"), tensors);
    }
    if (state) await writeJson(join(temporary, "state.json"), state);
    await writeSums(temporary);
    await replaceFolder(temporary, folder);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    const why = error instanceof Error ? error.message : String(error);
    const advice = await exists(folder).catch(() => false)
      ? `the previous one is intact; free space or fix permissions and run "${MADE_BY} --resume"`
      : `free space or fix permissions and run "${MADE_BY}" again`;
    throw new ArtifactError(
      `Cannot write checkpoint ${folder}: ${why}; ${advice}`,
      { cause: error },
    );
  }
}

/**
 * The model of a checkpoint folder, verified against its checksums, with `state` where it has one.
 * Throws an `ArtifactError` that says what is missing or damaged.
 */
export async function readCheckpoint(folder: string): Promise<Omit<Checkpoint, "moments">> {
  const source = await currentFolder(folder);
  const present = await verifySums(source);
  const configPath = join(source, "config.json");
  const json = await readJson<Record<string, unknown>>(configPath, MADE_BY);
  const { config, endOfText } = fromHuggingFaceConfig(json, configPath);
  if (endOfText === undefined) {
    throw new ArtifactError(
      `Cannot use ${configPath}: eos_token_id is missing; run "${MADE_BY}" again`,
    );
  }
  const path = join(source, "model.safetensors");
  const parameters = pick(config, await readSafetensors(path, MADE_BY), "", path);
  const state = present.has("state.json")
    ? await readJson<TrainingState>(join(source, "state.json"), MADE_BY)
    : undefined;
  return { config, endOfText, parameters, state };
}

/**
 * The AdamW moments of a checkpoint folder that `readCheckpoint` has accepted. Throws an
 * `ArtifactError` if it has none, as that of an imported model.
 */
export async function readMoments(folder: string, config: GptConfig): Promise<Moments> {
  const path = join(await currentFolder(folder), "optimizer.safetensors");
  if (!await exists(path)) {
    throw new ArtifactError(
      `Cannot resume from ${folder}: it has no optimizer state; ` +
        `start a new run from its weights with "${MADE_BY} --init-from ${folder}"`,
    );
  }
  const tensors = await readSafetensors(path, MADE_BY);
  return {
    moment1: pick(config, tensors, "exp_avg.", path),
    moment2: pick(config, tensors, "exp_avg_sq.", path),
  };
}

/**
 * The checkpoint a run is judged by: `best` (lowest validation loss), or `last` where training has
 * not validated yet. Throws an `ArtifactError` naming the runs there are if this one is not there.
 */
export async function readRunCheckpoint(
  run: RunFolders,
): Promise<Omit<Checkpoint, "moments"> & { folder: string }> {
  for (const folder of [run.best, run.last]) {
    if (await exists(folder) || await exists(previousName(folder))) {
      return { folder, ...await readCheckpoint(folder) };
    }
  }
  const name = basename(run.root);
  if (await isCounted(run)) {
    throw new ArtifactError(
      `Cannot find a checkpoint of run "${name}": it is a counted baseline, which has none; ` +
        `it can only be looked at, with "deno task watch"`,
    );
  }
  const others = await runNames(dirname(run.root));
  const known = others.length > 0 ? `; there are: ${others.join(", ")}` : "";
  throw new ArtifactError(
    `Cannot find a checkpoint of run "${name}" in ${run.root}${known}; run "${MADE_BY} --run ${name}" first`,
  );
}

/** Whether a run is `--preset bigram`: counted, not trained. */
const isCounted = async (run: RunFolders): Promise<boolean> =>
  await exists(run.config) &&
  (await readJson<{ preset: string }>(run.config, MADE_BY)).preset === "bigram";

/** Names of the runs in `folder` that hold a checkpoint, sorted. */
export async function runNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  if (!await exists(folder)) return names;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) continue;
    const holds = (checkpoint: string) => exists(join(folder, name, checkpoint));
    if (await holds("last") || await holds("best")) names.push(name);
  }
  return names.sort();
}

/** Table order, Hugging Face names. */
function named(config: GptConfig, tensors: Tensors, prefix = ""): Map<string, Tensor> {
  return new Map(
    parameterTable(config).map(({ name, shape }) => {
      const data = tensors.get(name);
      if (!data) throw new RangeError(`parameter ${name} is missing`);
      return [prefix + TENSOR_PREFIX + name, { shape, data }];
    }),
  );
}

/** The inverse of `named`: every parameter of `config`, its shape checked. */
function pick(
  config: GptConfig,
  tensors: Map<string, Tensor>,
  prefix: string,
  path: string,
): Tensors {
  const parameters: Tensors = new Map();
  for (const { name, shape } of parameterTable(config)) {
    const tensor = tensors.get(prefix + TENSOR_PREFIX + name);
    const found = tensor ? `shape (${tensor.shape.join(", ")})` : "none";
    if (!tensor || tensor.shape.join() !== shape.join()) {
      throw new ArtifactError(
        `Cannot read ${path}: ${prefix}${TENSOR_PREFIX}${name} has ${found}, ` +
          `expected shape (${shape.join(", ")}) by config.json; run "${MADE_BY}" again`,
      );
    }
    parameters.set(name, tensor.data);
  }
  return parameters;
}

async function writeSums(folder: string): Promise<void> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    lines.push(`${await sha256File(join(folder, name))}  ${name}\n`);
  }
  await writeAtomic(
    join(folder, SUMS),
    lines.sort((a, b) => a.slice(66) < b.slice(66) ? -1 : 1).join(""),
  );
}

/** Compares every listed file with its checksum; returns their names. */
async function verifySums(folder: string): Promise<Set<string>> {
  const path = join(folder, SUMS);
  await requireFile(path, MADE_BY);
  const names = new Set<string>();
  for (const line of (await Deno.readTextFile(path)).trimEnd().split("\n")) {
    const [, expected, name] = /^([0-9a-f]{64}) {2}([\w.]+)$/.exec(line) ?? [];
    if (!name) {
      throw new ArtifactError(`Cannot read ${path}: damaged; run "${MADE_BY}" again`);
    }
    const file = join(folder, name);
    await requireFile(file, MADE_BY);
    if (await sha256File(file) !== expected) {
      throw new ArtifactError(
        `Cannot read ${file}: its checksum is not the one in ${SUMS}, so it was damaged after it ` +
          `was written; restore it from a backup, use the run's other checkpoint, or run "${MADE_BY}" again`,
      );
    }
    names.add(name);
  }
  return names;
}

/** Where `replaceFolder` keeps the old folder between its two renames: readers look there too. */
export const previousName = (folder: string) => `${folder}.previous`;

async function currentFolder(folder: string): Promise<string> {
  if (await exists(folder)) return folder;
  if (await exists(previousName(folder))) return previousName(folder);
  throw new ArtifactError(`Cannot find checkpoint ${folder}; run "${MADE_BY}" first`);
}
