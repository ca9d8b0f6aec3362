/** The folder of a run: claimed by one process, never overwritten by accident, self-describing. */

import { basename, dirname, join } from "@std/path";
import { type RunPaths, type Workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { type Lineage, lineageOf } from "../artifacts/lineage.ts";
import { ArtifactError, exists, readJson, writeJson } from "../lib/base/files.ts";
import {
  type GptConfig,
  type PresetName,
  type TrainConfig,
  withTrainDefaults,
} from "../lib/gpt/config.ts";
import { runNames } from "../lib/gpt/model/checkpoint.ts";
import { writeTokenizerConfig } from "../lib/gpt/model/hugging_face.ts";

/** config.json of a run: all that has to be known to understand or repeat it. */
export interface RunConfig {
  version: 2;
  /** The tokens it is trained on (there may be several sets) and its copy of their tokenizer. */
  lineage: Lineage;
  name: string;
  startedAt: string;
  preset: PresetName;
  model: GptConfig;
  train: TrainConfig;
  parameters: number;
  /** As the engine describes itself. */
  engine: string;
  /** Operations per second that the engine could do at best here; `mfu` in the log is a share of it. */
  roof: number | null;
  /** On a GPU, as the engine says; what a resumed run goes on with. */
  precision?: "f32" | "f16";
  tuning?: unknown;
  /** The checkpoint whose weights this run began with; null: random ones. */
  initFrom: string | null;
  git: { revision: string; modified: boolean } | null;
  versions: Record<string, string>;
  endOfText: number;
  data:
    & Record<"train" | "val", { path: string; tokens: number }>
    & { public?: { path: string; tokens: number } };
  /** How the public texts are learned from, before the first note; absent: not at all. */
  pretrain?: { passes: number; train: TrainConfig };
  /** Of all public texts behind these weights, by the names of their sources. */
  licences?: Record<string, string>;
  /** Validation loss of the bigram baseline in nats, on the targets the model is validated on. */
  baseline: { bigram: number; k: number };
}

export const DEFAULT_RUN = "latest";

/**
 * Runs `body`, which writes into `run`. What the file system answers to a full disk or a folder that
 * may not be written to becomes an `ArtifactError` that says what is left and how to go on.
 */
export async function writing<T>(run: RunPaths, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const isSystem = error instanceof Error && /\(os error \d+\)/.test(error.message);
    if (!isSystem || error instanceof ArtifactError) throw error;
    const begun = await exists(run.last).catch(() => false);
    throw new ArtifactError(
      `Cannot write to ${run.root}: ${error.message}; free space or fix permissions, then ` +
        (begun
          ? 'go on from the last checkpoint, which is intact: "deno task train --resume"'
          : 'start again: "deno task train"'),
      { cause: error },
    );
  }
}

/** Holds a run for this process until disposed. */
export interface RunLock {
  [Symbol.dispose](): void;
}

/**
 * Takes the run and clears away what a killed process left half-written there. Throws an
 * `ArtifactError` if another process trains in it.
 */
export async function lockRun(run: RunPaths): Promise<RunLock> {
  await Deno.mkdir(run.root, { recursive: true });
  const file = await Deno.open(join(run.root, "train.lock"), { create: true, write: true });
  if (await file.tryLock(true)) {
    await removeTemporaries(run.root);
    return { [Symbol.dispose]: () => file.close() };
  }
  file.close();
  throw new ArtifactError(
    `Cannot train in ${run.root}: another process is training there; wait for it or use --run NAME`,
  );
}

/** Only the lock's holder may: everyone else's temporary files would be at work. */
async function removeTemporaries(folder: string): Promise<void> {
  for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
    if (name.endsWith(".tmp")) await Deno.remove(join(folder, name), { recursive: true });
  }
}

/**
 * Makes room for a new run. One that is there already and has a checkpoint is kept: `latest` steps
 * aside to a name made of its starting time, any other is an error unless `force` (which deletes
 * it). Returns the name the old run has now, if it was moved.
 */
export async function makeRoom(run: RunPaths, force: boolean): Promise<string | undefined> {
  if (!await hasFiles(run.root)) return undefined;
  using _lock = await lockRun(run);
  const begun = await Deno.stat(run.last).then(() => true, () => false);
  if (force || !begun) {
    await Deno.remove(run.root, { recursive: true });
    return undefined;
  }
  const name = basename(run.root);
  if (name !== DEFAULT_RUN) {
    throw new ArtifactError(
      `Cannot start run "${name}": it exists in ${run.root}; go on with --resume, replace it with ` +
        `--force, or choose another --run NAME`,
    );
  }
  const kept = await freeName(run);
  await Deno.rename(run.root, join(dirname(run.root), kept));
  return kept;
}

async function hasFiles(folder: string): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(folder)) if (name !== "train.lock") return true;
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Such as `2026-11-23T14-05-12`; colons are not allowed in names everywhere. */
async function freeName(run: RunPaths): Promise<string> {
  const startedAt = await readJson<RunConfig>(run.config, "deno task train")
    .then((config) => config.startedAt, () => new Date().toISOString());
  const name = startedAt.slice(0, 19).replaceAll(":", "-");
  const taken = new Set(
    (await Array.fromAsync(Deno.readDir(dirname(run.root)))).map((entry) => entry.name),
  );
  for (let i = 2, candidate = name;; candidate = `${name}-${i++}`) {
    if (!taken.has(candidate)) return candidate;
  }
}

/** config.json of a run that is to go on; an `ArtifactError` naming the others if it is not there. */
export async function readRunConfig(run: RunPaths): Promise<RunConfig> {
  try {
    const config = await readJson<RunConfig>(run.config, "deno task train");
    return { ...config, train: config.train && withTrainDefaults(config.train) };
  } catch (error) {
    const name = basename(run.root);
    const others = (await runNames(dirname(run.root))).filter((other) => other !== name);
    if (!(error instanceof ArtifactError) || others.length === 0) throw error;
    throw new ArtifactError(`${error.message}; there are runs: ${others.join(", ")}`);
  }
}

/** Writes config.json and the run's own copy of the tokenizer, which `config` then names. */
export async function describeRun(
  workspace: Workspace,
  run: RunPaths,
  config: RunConfig,
): Promise<void> {
  await Deno.copyFile(workspace.tokenizer, run.tokenizer);
  await writeTokenizerConfig(workspace.tokenizerConfig, run.tokenizerConfig, config.model);
  config.lineage = await lineageOf({ paths: workspace, run }, config.lineage.from, [run.tokenizer]);
  await writeJson(run.config, config);
}

/** Throws an `ArtifactError` if tokenizer or data are not those the run began with. */
export async function requireSameData(
  paths: Workspace,
  run: RunPaths,
  name: string,
): Promise<void> {
  await openSources({ paths, run }, `resume run "${name}"`, ["run"]);
}

/** The commit this code stands at; null outside git. */
export async function gitRevision(): Promise<RunConfig["git"]> {
  const git = async (...args: string[]) => {
    const command = new Deno.Command("git", { args, stdout: "piped", stderr: "null" });
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  try {
    const folder = new URL(".", import.meta.url).pathname;
    const revision = await git("-C", folder, "rev-parse", "HEAD");
    if (revision === undefined) return null;
    return { revision, modified: await git("-C", folder, "status", "--porcelain") !== "" };
  } catch {
    return null; // no git on this machine
  }
}
