/**
 * From a run's checkpoint to the folder that transformers.js, optimum and our worker load:
 *
 *   config.json, generation_config.json, tokenizer.json, tokenizer_config.json
 *   model.safetensors             float32, Hugging Face GPT-2
 *   onnx/model.onnx               float32; inputs and outputs: see onnx/decoder_graph.ts
 *   onnx/model_quantized.onnx     int8, of the same form: what the worker serves
 *   calibration.json, ngram.bin   what is served, and from which confidence: see served.ts
 *   README.md, export.json        the model card, and its numbers for programs
 *
 * The folder appears only when what is in it has passed its gates.
 */

import { join, relative } from "@std/path";
import { readTokens, type RunPaths, type Workspace, workspace } from "../artifacts.ts";
import {
  exists,
  readJson,
  replaceFolder,
  requireFile,
  sha256File,
  temporaryName,
  writeAtomic,
  writeJson,
} from "../lib/base/files.ts";
import type { GptConfig } from "../lib/gpt/config.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { type Checkpoint, readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { toHuggingFaceConfig, writeTokenizerConfig } from "../lib/gpt/model/hugging_face.ts";
import { parameterCount } from "../lib/gpt/model/parameters.ts";
import { decoderGraph } from "../lib/gpt/onnx/decoder_graph.ts";
import type { GraphBuilder } from "../lib/gpt/onnx/builder.ts";
import { int8Weights } from "../lib/gpt/onnx/int8_weights.ts";
import { loadRuntime } from "../lib/gpt/onnx/runtime.ts";
import { float32Weights } from "../lib/gpt/onnx/weights.ts";
import { compileKernels } from "../lib/gpt/wasm/compile.ts";
import { loadWasmModel } from "../lib/gpt/wasm/model.ts";
import { weightsFromOnnx } from "../lib/gpt/wasm/weights.ts";
import type { Calibration } from "../artifacts/calibration.ts";
import type { AuditEvidence } from "../artifacts/gate.ts";
import { type Licences, licencesOf } from "../artifacts/licences.ts";
import { type Lineage, lineageOf, type Sources, sourcesOf } from "../artifacts/lineage.ts";
import { writeReport } from "../artifacts/reports.ts";
import { checkParity, checkQuantization, chooseLayers, type Quantization } from "./gates.ts";
import { modelCard } from "./model_card.ts";
import type { Parity } from "./parity.ts";
import {
  type Measured,
  type MixtureReport,
  mixtureReport,
  type Served,
  writeServed,
} from "./served.ts";

/** What is served, whichever engine runs it. */
const MODEL_FILE = "onnx/model_quantized.onnx";

export interface ExportReport {
  version: 2;
  lineage: Lineage;
  run: string;
  step: number | null;
  model: GptConfig;
  parameters: number;
  parity: Parity;
  quantization: Quantization;
  audit: AuditEvidence;
  /** Of the public texts behind the model and its n-gram table. */
  licences: Licences;
  /** The system that is served, from which confidence and why; null where nobody calibrated it. */
  served: Calibration["served"] | null;
  mixture: MixtureReport;
  runtime: string;
  files: Record<string, { bytes: number; sha256: string }>;
}

export interface ExportOptions {
  /** Prompts continued greedily by both models. */
  prompts: number;
  /** Most tokens of the test split that bits per character are measured on. */
  evalTokens: number;
  audit: AuditEvidence;
  served: Served;
  /** Digests of what it is made from, besides the audit and the evaluation. */
  read: Sources;
  /** What eval has measured of the run. */
  systems: readonly Measured[];
}

export type ExportedModel =
  & Pick<Checkpoint, "config" | "endOfText" | "parameters">
  /** Written into generation_config.json: what the worker asks of a suggestion by default. */
  & { minConfidence?: number };

/** Exports run `name` of the workspace at `root`; returns what was measured. */
export async function exportRun(
  root: string,
  name: string,
  { prompts, evalTokens, audit, served, read, systems }: ExportOptions,
): Promise<ExportReport> {
  const place = workspace(root), run = place.run(name);
  const from = { ...read, ...await evidenceFrom({ paths: place, run }, systems, audit) };
  const checkpoint = await readRunCheckpoint(run);
  const { config } = checkpoint;
  const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
  const validation = await readTokens(place.tokens("val"));
  const tokens = await readTokens(place.tokens("test"));
  const runtime = await loadRuntime();
  const temporary = temporaryName(run.export);
  try {
    const kept = await chooseLayers(checkpoint, validation, tokenizer, runtime);
    const minConfidence = served.file?.served.minConfidence;
    await writeModelFiles(temporary, { ...checkpoint, minConfidence }, kept);
    await copyFiles(temporary, run, checkpoint.folder, checkpoint.config);
    await writeServed(temporary, served);
    const file = (name: string) => Deno.readFile(join(temporary, name));
    const files = await fileSums(temporary);
    const report: ExportReport = {
      version: 2,
      lineage: await lineageOf(
        { paths: place, run },
        from,
        Object.keys(files).map((name) => join(run.export, name)),
        (path) => join(temporary, relative(run.export, path)),
      ),
      run: name,
      step: checkpoint.state?.step ?? null,
      model: config,
      parameters: parameterCount(config),
      parity: await checkParity(await file("onnx/model.onnx"), checkpoint, {
        tokens,
        count: prompts,
        runtime,
      }),
      quantization: await checkQuantization(checkpoint, await file(MODEL_FILE), kept, {
        tokens,
        limit: evalTokens,
        tokenizer,
        runtime,
      }),
      audit,
      licences: await licencesOf(place, run, { ngram: "ngram.bin" in files }),
      served: served.file?.served ?? null,
      mixture: await mixtureReport(served, {
        systems,
        tokens: validation,
        model: loadWasmModel(
          await WebAssembly.compile(await compileKernels()),
          weightsFromOnnx(await file(MODEL_FILE)),
          config,
        ),
      }),
      runtime: runtime.description,
      files,
    };
    await writeAtomic(join(temporary, "README.md"), modelCard(report));
    await writeReport("export", join(temporary, "export.json"), report);
    await replaceFolder(temporary, run.export);
    return report;
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** The reports that the model card repeats, by digest. */
async function evidenceFrom(
  place: { paths: Workspace; run: RunPaths },
  systems: readonly Measured[],
  { verdict }: AuditEvidence,
): Promise<Sources> {
  const { run } = place;
  return await sourcesOf(place, [
    ...systems.length > 0 ? [join(run.eval, "eval.json")] : [],
    ...verdict === "none" ? [] : [join(run.audit, "audit.json")],
  ]);
}

/**
 * Writes config.json, generation_config.json and the graphs of a model into `folder`; the layers in
 * `kept` stay float32 where all others become int8.
 */
export async function writeModelFiles(
  folder: string,
  { config, endOfText, parameters, minConfidence }: ExportedModel,
  kept: ReadonlySet<string> = new Set(),
): Promise<void> {
  await writeJson(join(folder, "config.json"), toHuggingFaceConfig(config, endOfText));
  await writeJson(join(folder, "generation_config.json"), {
    bos_token_id: endOfText,
    eos_token_id: endOfText,
    min_confidence: minConfidence,
  });
  const float32 = (g: GraphBuilder) => float32Weights(g, config, parameters);
  const int8 = (g: GraphBuilder) => int8Weights(g, config, parameters, kept);
  const files = {
    "onnx/model.onnx": () => decoderGraph(config, float32),
    [MODEL_FILE]: () => decoderGraph(config, int8),
  };
  for (const [name, build] of Object.entries(files)) {
    await writeAtomic(join(folder, name), build());
  }
}

async function copyFiles(
  folder: string,
  run: RunPaths,
  checkpoint: string,
  model: GptConfig,
): Promise<void> {
  for (
    const [from, name] of [
      [run.tokenizer, "tokenizer.json"],
      [join(checkpoint, "model.safetensors"), "model.safetensors"],
    ]
  ) {
    await requireFile(from, "deno task train");
    await Deno.copyFile(from, join(folder, name));
  }
  await writeTokenizerConfig(run.tokenizerConfig, join(folder, "tokenizer_config.json"), model);
}

async function fileSums(folder: string): Promise<ExportReport["files"]> {
  const names = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
    "onnx/model.onnx",
    MODEL_FILE,
    "calibration.json",
    "ngram.bin",
  ];
  const files: ExportReport["files"] = {};
  for (const name of names) {
    const path = join(folder, name);
    if (!await exists(path)) continue;
    files[name] = { bytes: (await Deno.stat(path)).size, sha256: await sha256File(path) };
  }
  return files;
}
