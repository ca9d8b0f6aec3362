/**
 * From a run's checkpoint to the folder that transformers.js, optimum and our worker load:
 *
 *   config.json, generation_config.json, tokenizer.json, tokenizer_config.json
 *   model.safetensors             float32, Hugging Face GPT-2
 *   onnx/model.onnx               float32; inputs and outputs: see onnx/decoder_graph.ts
 *   onnx/model_quantized.onnx     int8, of the same form
 *   README.md, export.json        the model card, and its numbers for programs
 *
 * The folder appears only when the graphs in it have passed their gates.
 */

import { join } from "@std/path";
import {
  ArtifactError,
  readJson,
  readTokens,
  replaceFolder,
  requireFile,
  type RunPaths,
  sha256File,
  temporaryName,
  workspace,
  writeAtomic,
  writeJson,
} from "../artifacts.ts";
import { Progress } from "../cli.ts";
import type { GptConfig } from "../config.ts";
import { createTokenizer } from "../decode/tokenizer.ts";
import type { Tokenizer } from "../decode/types.ts";
import { readRunCheckpoint } from "../model/checkpoint.ts";
import { toHuggingFaceConfig } from "../model/hugging_face.ts";
import { parameterCount, type Tensors } from "../model/parameters.ts";
import { decoderGraph } from "../onnx/decoder_graph.ts";
import { int8Weights } from "../onnx/int8_weights.ts";
import { loadRuntime, type Runtime } from "../onnx/runtime.ts";
import { logitsFromTensors, scorerFromTensors, scorerFromWeights } from "../onnx/scorer.ts";
import { modelFromGraph } from "../onnx/session.ts";
import { float32Weights } from "../onnx/weights.ts";
import { modelCard } from "./model_card.ts";
import { greedyParity, type Parity, promptsFrom } from "./parity.ts";
import { bitsPerCharacter, testWindows } from "./quality.ts";

/** The gates. An export that does not pass them is not made. */
const MAX_LOGIT_DIFFERENCE = 1e-4;
const MAX_INT8_LOSS = 0.01;

export interface ExportReport {
  run: string;
  step: number | null;
  model: GptConfig;
  parameters: number;
  parity: Parity;
  quantization: {
    /** Bits per character of the test split. */
    float32: number;
    int8: number;
    relativeDifference: number;
    tokens: number;
    keptFloat32: string[];
  };
  runtime: string;
  files: Record<string, { bytes: number; sha256: string }>;
}

export interface ExportOptions {
  /** Prompts continued greedily by both models. */
  prompts: number;
  /** Most tokens of the test split that bits per character are measured on. */
  evalTokens: number;
}

/** What a model folder is made of, before anything is measured. */
export interface ExportedModel {
  config: GptConfig;
  endOfText: number;
  parameters: Tensors;
}

/** Exports run `name` of the workspace at `root`; returns what was measured. */
export async function exportRun(
  root: string,
  name: string,
  options: ExportOptions,
): Promise<ExportReport> {
  const place = workspace(root), run = place.run(name);
  const checkpoint = await readRunCheckpoint(run);
  const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
  const tokens = await readTokens(place.tokens("test"));
  const runtime = await loadRuntime();
  const temporary = temporaryName(run.export);
  try {
    await writeModelFiles(temporary, checkpoint);
    await copyFiles(temporary, run, checkpoint.folder);
    const parity = await checkParity(temporary, checkpoint, tokens, options.prompts, runtime);
    const quantization = await measureQuantization(
      checkpoint,
      tokens,
      tokenizer,
      options.evalTokens,
      runtime,
    );
    const report: ExportReport = {
      run: name,
      step: checkpoint.state?.step ?? null,
      model: checkpoint.config,
      parameters: parameterCount(checkpoint.config),
      parity,
      quantization,
      runtime: runtime.description,
      files: await fileSums(temporary),
    };
    await writeAtomic(join(temporary, "README.md"), modelCard(report));
    await writeJson(join(temporary, "export.json"), report);
    await replaceFolder(temporary, run.export);
    return report;
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** Layers of the int8 graph that stay float32. None: see the measurement in README's numbers. */
const KEPT_FLOAT32: string[] = [];

/** Writes config.json, generation_config.json and both graphs of a model into `folder`. */
export async function writeModelFiles(
  folder: string,
  { config, endOfText, parameters }: ExportedModel,
): Promise<void> {
  await writeJson(join(folder, "config.json"), toHuggingFaceConfig(config, endOfText));
  await writeJson(join(folder, "generation_config.json"), {
    bos_token_id: endOfText,
    eos_token_id: endOfText,
    max_length: config.n_positions,
  });
  const float32 = decoderGraph(config, (g) => float32Weights(g, config, parameters));
  await writeAtomic(join(folder, "onnx", "model.onnx"), float32);
  const kept = new Set(KEPT_FLOAT32);
  const int8 = decoderGraph(config, (g) => int8Weights(g, config, parameters, kept));
  await writeAtomic(join(folder, "onnx", "model_quantized.onnx"), int8);
}

async function copyFiles(folder: string, run: RunPaths, checkpoint: string): Promise<void> {
  for (
    const [from, name] of [
      [run.tokenizer, "tokenizer.json"],
      [run.tokenizerConfig, "tokenizer_config.json"],
      [join(checkpoint, "model.safetensors"), "model.safetensors"],
    ]
  ) {
    await requireFile(from, "deno task train");
    await Deno.copyFile(from, join(folder, name));
  }
}

async function checkParity(
  folder: string,
  { config, parameters }: ExportedModel,
  tokens: Uint16Array,
  count: number,
  runtime: Runtime,
): Promise<Parity> {
  const file = await Deno.readFile(join(folder, "onnx", "model.onnx"));
  const exported = await modelFromGraph(config, file, runtime);
  const original = await logitsFromTensors(config, parameters, runtime);
  const progress = new Progress("parity", count, "prompts");
  const prompts = promptsFrom(tokens, config, count);
  const parity = await greedyParity(exported, original, prompts, (n) => progress.update(n));
  await exported.close();
  await original.close();
  if (parity.different > 0 || !(parity.logitDifference <= MAX_LOGIT_DIFFERENCE)) {
    throw new ArtifactError(
      `Cannot export: of ${parity.tokens} tokens the exported graph chose ${parity.different} ` +
        `differently from the checkpoint, logits differ by up to ` +
        `${
          parity.logitDifference.toExponential(1)
        }, expected 0 and at most ${MAX_LOGIT_DIFFERENCE}; ` +
        `train again or report this, no export was written`,
    );
  }
  progress.finish(`${parity.tokens} tokens of ${count} prompts are the checkpoint's`);
  return parity;
}

async function measureQuantization(
  { config, parameters }: ExportedModel,
  tokens: Uint16Array,
  tokenizer: Tokenizer,
  limit: number,
  runtime: Runtime,
): Promise<ExportReport["quantization"]> {
  const windows = testWindows(tokens, config, limit);
  const count = windows.starts.length;
  const progress = new Progress("quality", 2 * count, "windows");
  const kept = new Set(KEPT_FLOAT32);
  const float32Scorer = await scorerFromTensors(config, parameters, { runtime });
  const float32 = await bitsPerCharacter(
    float32Scorer,
    windows,
    config,
    tokenizer,
    (n) => progress.update(n),
  );
  await float32Scorer.close();
  const int8Scorer = await scorerFromWeights(
    config,
    (g) => int8Weights(g, config, parameters, kept),
    { runtime },
  );
  const int8 = await bitsPerCharacter(
    int8Scorer,
    windows,
    config,
    tokenizer,
    (n) => progress.update(count + n),
  );
  await int8Scorer.close();
  const relativeDifference = int8 / float32 - 1;
  if (!(relativeDifference <= MAX_INT8_LOSS)) {
    throw new ArtifactError(
      `Cannot export: int8 costs ${(100 * relativeDifference).toFixed(2)}% of bits per character ` +
        `(${float32.toFixed(4)} to ${int8.toFixed(4)}), expected at most ${
          100 * MAX_INT8_LOSS
        }%; ` +
        `train longer, or report this; no export was written`,
    );
  }
  progress.finish(`${count} windows of the test split`);
  return {
    float32,
    int8,
    relativeDifference,
    tokens: count * config.n_positions,
    keptFloat32: [...kept],
  };
}

async function fileSums(folder: string): Promise<ExportReport["files"]> {
  const names = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
    "onnx/model.onnx",
    "onnx/model_quantized.onnx",
  ];
  const files: ExportReport["files"] = {};
  for (const name of names) {
    const path = join(folder, name);
    files[name] = { bytes: (await Deno.stat(path)).size, sha256: await sha256File(path) };
  }
  return files;
}
