/** What an export must pass, measured on the run's own test split. */

import { ArtifactError } from "../lib/base/files.ts";
import { Progress } from "../lib/base/cli.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import type { Checkpoint } from "../lib/gpt/model/checkpoint.ts";
import { int8Weights } from "../lib/gpt/onnx/int8_weights.ts";
import type { Runtime } from "../lib/gpt/onnx/runtime.ts";
import { logitsFromTensors, type Scorer, scorerFromWeights } from "../lib/gpt/onnx/scorer.ts";
import { modelFromGraph } from "../lib/gpt/onnx/session.ts";
import { float32Weights } from "../lib/gpt/onnx/weights.ts";
import { compileKernels } from "../lib/gpt/wasm/compile.ts";
import { weightsFromTensors } from "../lib/gpt/wasm/from_tensors.ts";
import { weightsFromOnnx } from "../lib/gpt/wasm/weights.ts";
import { graphScorer } from "./graph_scorer.ts";
import { kernelScorer } from "./kernel_scorer.ts";
import { layersToKeep } from "./layers_to_keep.ts";
import { greedyParity, type Parity, promptsFrom } from "./parity.ts";
import { bitsPerCharacter, type TestWindows, testWindows } from "./quality.ts";

const MAX_LOGIT_DIFFERENCE = 1e-4;

/** Most that int8 may add to bits per character, as a share of float32's. */
const MAX_INT8_COST = 0.01;

/** Layers are chosen on the validation split, with room for the test split to be less kind. */
const CHOICE_TARGET = MAX_INT8_COST / 2;
const CHOICE_TOKENS = 16384;

/** One thread of WebAssembly reads the test split: the difference is clear on so many tokens. */
const KERNEL_TOKENS = 16384;

export type Model = Pick<Checkpoint, "config" | "parameters">;

/** What int8 costs as one of the two engines computes with the file. */
export interface Cost {
  /** Bits per character of the test split. */
  float32: number;
  int8: number;
  /** int8 / float32 − 1 */
  cost: number;
  /** Tokens of the test split these were measured on. */
  tokens: number;
}

/** What quantization costs: onnx/model_quantized.onnx itself is measured. */
export interface Quantization {
  /** Layers that stay float32, in the order of what that saves. */
  keptFloat32: string[];
  /** ONNX Runtime: activations as uint8, with one scale for all that is fed together. */
  onnxruntime: Cost;
  /** Our kernels, lib/gpt/wasm: activations as int16, with a scale per token. */
  kernels: Cost;
}

/** Throws an `ArtifactError` unless the float32 graph in `file` says what the model says. */
export async function checkParity(
  file: Uint8Array,
  { config, parameters }: Model,
  { tokens, count, runtime }: { tokens: Uint16Array; count: number; runtime: Runtime },
): Promise<Parity> {
  const exported = await modelFromGraph(config, file, runtime);
  const original = await logitsFromTensors(config, parameters, runtime);
  const progress = new Progress("parity", count, "prompts");
  const prompts = promptsFrom(tokens, config, count);
  const parity = await greedyParity(exported, original, prompts, (n) => progress.update(n));
  await exported.close();
  await original.close();
  if (parity.different > 0 || !(parity.logitDifference <= MAX_LOGIT_DIFFERENCE)) {
    throw new ArtifactError(
      `Cannot export: the float32 graph chose ${parity.different} of ${parity.tokens} tokens ` +
        `differently from the checkpoint and its logits differ by up to ` +
        `${parity.logitDifference.toExponential(1)}, expected 0 and at most ` +
        `${MAX_LOGIT_DIFFERENCE}; train again with "deno task train", no export was written`,
    );
  }
  progress.finish(`${parity.tokens} tokens of ${count} prompts are the checkpoint's`);
  return parity;
}

/** Bits per character of a model on some windows, with all but `kept` quantized, or nothing. */
async function measure(
  { config, parameters }: Model,
  windows: TestWindows,
  tokenizer: Tokenizer,
  runtime: Runtime,
  kept: ReadonlySet<string> | "all",
): Promise<number> {
  const scorer = await scorerFromWeights(
    config,
    (g) =>
      kept === "all"
        ? float32Weights(g, config, parameters)
        : int8Weights(g, config, parameters, kept),
    runtime,
  );
  try {
    return await bitsPerCharacter(scorer, windows, config, tokenizer);
  } finally {
    await scorer.close();
  }
}

/**
 * Finds the layers that have to stay float32, by what int8 costs on the validation split: first with
 * ONNX Runtime, whose activations are the coarser, then with our kernels.
 */
export async function chooseLayers(
  model: Model,
  tokens: Uint16Array,
  tokenizer: Tokenizer,
  runtime: Runtime,
): Promise<Set<string>> {
  const { config, parameters } = model;
  const progress = new Progress("layers", undefined, "measured");
  const windows = testWindows(tokens, config, CHOICE_TOKENS);
  const kernels = await WebAssembly.compile(await compileKernels());
  const float32 = await measure(model, windows, tokenizer, runtime, "all");
  let measured = 0;
  const choose = (
    bits: (kept: ReadonlySet<string>) => Promise<number>,
    first?: ReadonlySet<string>,
  ) =>
    layersToKeep(
      config,
      async (kept) => {
        progress.update(++measured);
        return await bits(kept) / float32 - 1;
      },
      CHOICE_TARGET,
      first,
    );
  const first = await choose((kept) => measure(model, windows, tokenizer, runtime, kept));
  const kept = await choose((kept) => {
    const scorer = kernelScorer(kernels, weightsFromTensors(config, parameters, kept), config);
    return bitsPerCharacter(scorer, windows, config, tokenizer);
  }, first);
  progress.finish(`float32: ${kept.size === 0 ? "none" : [...kept].join(", ")}`);
  return kept;
}

/**
 * Throws an `ArtifactError` if int8 costs too much on the test split, with either engine. `file`:
 * the bytes of onnx/model_quantized.onnx, in which `kept` are float32.
 */
export async function checkQuantization(
  model: Model,
  file: Uint8Array,
  kept: ReadonlySet<string>,
  { tokens, limit, tokenizer, runtime }: {
    tokens: Uint16Array;
    limit: number;
    tokenizer: Tokenizer;
    runtime: Runtime;
  },
): Promise<Quantization> {
  const { config } = model;
  const progress = new Progress("quality", 4, "measured");
  let measured = 0;
  const compare = async (limit: number, scorer: Pick<Scorer, "score">): Promise<Cost> => {
    const windows = testWindows(tokens, config, limit);
    const float32 = await measure(model, windows, tokenizer, runtime, "all");
    progress.update(++measured);
    const int8 = await bitsPerCharacter(scorer, windows, config, tokenizer);
    progress.update(++measured);
    const count = windows.starts.length * config.n_positions;
    return { float32, int8, cost: int8 / float32 - 1, tokens: count };
  };
  const graph = await graphScorer(runtime, file, config);
  const onnxruntime = await compare(limit, graph).finally(graph.close);
  requireSmall(onnxruntime, "ONNX Runtime", kept);
  const compiled = await WebAssembly.compile(await compileKernels());
  const kernels = await compare(
    Math.min(limit, KERNEL_TOKENS),
    kernelScorer(compiled, weightsFromOnnx(file), config),
  );
  requireSmall(kernels, "our kernels", kept);
  progress.finish(`bits per character on ${onnxruntime.tokens} tokens of the test split`);
  return { keptFloat32: [...kept], onnxruntime, kernels };
}

function requireSmall(
  { float32, int8, cost }: Cost,
  engine: string,
  kept: ReadonlySet<string>,
): void {
  if (cost <= MAX_INT8_COST) return;
  throw new ArtifactError(
    `Cannot export: int8 costs ${(100 * cost).toFixed(2)}% of bits per character with ${engine} ` +
      `(${float32.toFixed(4)} to ${int8.toFixed(4)}), expected at most ${100 * MAX_INT8_COST}%, ` +
      `although float32 was kept for ${[...kept].join(", ") || "no layer"}; ` +
      `train again with "deno task train", no export was written`,
  );
}
