/**
 * The folder that carries a run to PyTorch and back:
 *
 *   run.json, train.py, requirements.txt, azureml-job.yml, README.md
 *   initial/             a Hugging Face folder: weights to start from, tokenizer
 *   train.bin, val.bin   the workspace's tokens
 *   output/              written by train.py: best/, last/, log.jsonl, result.json
 */

import { join } from "@std/path";
import { type Workspace } from "../../artifacts.ts";
import { Chain } from "../../artifacts/chain.ts";
import { nameOf } from "../../artifacts/lineage.ts";
import { readReport } from "../../artifacts/reports.ts";
import { nextCommand } from "../../lib/base/cli.ts";
import {
  ArtifactError,
  exists,
  readJson,
  replaceFolder,
  sha256File,
  temporaryName,
  writeJson,
} from "../../lib/base/files.ts";
import { writeCheckpoint } from "../../lib/gpt/model/checkpoint.ts";
import { writeTokenizerConfig } from "../../lib/gpt/model/hugging_face.ts";
import {
  type HuggingFaceModel,
  readHuggingFaceModel,
} from "../../lib/gpt/model/hugging_face_model.ts";
import { targetCharacters, type TrainingData } from "../data.ts";
import { type LogEntry, readLog } from "../log.ts";
import type { PreparedRun } from "../prepare.ts";
import type { RunConfig } from "../run_folder.ts";
import { azureJob, readme, requirements } from "./texts.ts";
import trainPy from "./train.py" with { type: "text" };

/** run.json: the config of the run, and what train.py cannot work out itself. */
export type HandoffConfig = RunConfig & { handoff: { validationCharacters: number } };

/** Writes `folder` whole or not at all. */
export async function writeHandoff(
  folder: string,
  { config, parameters, validation }: PreparedRun,
  data: TrainingData,
  workspace: Workspace,
): Promise<void> {
  const temporary = temporaryName(folder);
  const write = (name: string, text: string) => Deno.writeTextFile(join(temporary, name), text);
  try {
    const initial = join(temporary, "initial");
    const { model, endOfText, name, train: { batchSize } } = config;
    await writeCheckpoint(initial, { config: model, endOfText, parameters });
    await Deno.copyFile(workspace.tokenizer, join(initial, "tokenizer.json"));
    await writeTokenizerConfig(
      workspace.tokenizerConfig,
      join(initial, "tokenizer_config.json"),
      model,
    );
    for (const split of ["train", "val"] as const) {
      await Deno.copyFile(workspace.tokens(split), join(temporary, `${split}.bin`));
    }
    const validationCharacters = targetCharacters(validation, data.tokenizer);
    const handoff: HandoffConfig = { ...config, handoff: { validationCharacters } };
    await writeJson(join(temporary, "run.json"), handoff);
    const texts = { name, folder, batchSize };
    await write("train.py", trainPy);
    await write("requirements.txt", requirements);
    await write("README.md", readme(texts));
    await write("azureml-job.yml", azureJob(texts));
    await replaceFolder(temporary, folder);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** One of the two models that train.py wrote. */
interface TrainedModel extends HuggingFaceModel {
  step: number;
  /** Validation loss as PyTorch measured it. */
  loss: number;
}

export interface HandoffResult {
  config: HandoffConfig;
  best: TrainedModel;
  last: TrainedModel;
  log: LogEntry[];
  /** As in `CPU, PyTorch 2.15.0, 2 processes`. */
  engine: string;
}

/**
 * Throws an `ArtifactError` unless the folder's tokens are those that run.json names, and those of
 * the workspace too, where it has any: a run is only of use beside its own notes.
 */
export async function requireOwnTokens(
  folder: string,
  { lineage, name }: HandoffConfig,
  paths: Workspace,
): Promise<void> {
  const doing = `import ${folder}`, runJson = join(folder, "run.json");
  for (const split of ["train", "val"] as const) {
    const copy = join(folder, `${split}.bin`);
    if (await sha256File(copy) === lineage.from[nameOf({ paths }, paths.tokens(split))]) continue;
    throw new ArtifactError(
      `Cannot ${doing}: ${copy} is not the file that ${runJson} of ${lineage.created} was written ` +
        `with; run "${nextCommand("handoff", { run: name, data: paths.root })} --force" again`,
    );
  }
  const wrong = await new Chain({ paths }).whyStale(lineage, runJson);
  if (wrong === undefined) return;
  throw new ArtifactError(
    `Cannot ${doing}: ${wrong.reason}; import it into the workspace of its own notes with --data, ` +
      `or run "${wrong.command ?? nextCommand("handoff", { run: name, data: paths.root })}"`,
  );
}

/** What train.py made of a handoff folder; an `ArtifactError` if it has not ended yet. */
export async function readHandoff(folder: string): Promise<HandoffResult> {
  const runJson = join(folder, "run.json");
  const { lineage } = await readReport("run", runJson, "deno task handoff");
  const config = { ...await readJson<HandoffConfig>(runJson, "deno task handoff"), lineage };
  const output = join(folder, "output");
  const resultPath = join(output, "result.json");
  if (!await exists(resultPath)) {
    throw new ArtifactError(
      `Cannot import ${folder}: its training has not ended (${resultPath} is missing); ` +
        `run "torchrun train.py" there, as its README.md says`,
    );
  }
  const result = await readJson<{
    processes: number;
    device: string;
    versions: { torch: string };
  }>(resultPath, "torchrun train.py");
  return {
    config,
    best: await readTrained(join(output, "best")),
    last: await readTrained(join(output, "last")),
    log: await readLog(join(output, "log.jsonl")),
    engine: `${result.device}, PyTorch ${result.versions.torch}, ${result.processes} processes`,
  };
}

async function readTrained(folder: string): Promise<TrainedModel> {
  const { step, loss } = await readJson<{ step: number; loss: number }>(
    join(folder, "result.json"),
    "torchrun train.py",
  );
  return { ...await readHuggingFaceModel(folder), step, loss };
}
