/** The engines that can run a run's GPT here, to be timed. */

import { join } from "@std/path";
import { type RunPaths } from "../../artifacts.ts";
import { exists } from "../../lib/base/files.ts";
import type { NextTokenModel, Tokenizer } from "../../lib/gpt/decode/types.ts";
import type { Checkpoint } from "../../lib/gpt/model/checkpoint.ts";
import { loadRuntime } from "../../lib/gpt/onnx/runtime.ts";
import { modelFromGraph, modelFromTensors } from "../../lib/gpt/onnx/session.ts";
import { compileKernels } from "../../lib/gpt/wasm/compile.ts";
import { wasmModelFromTensors } from "../../lib/gpt/wasm/from_tensors.ts";
import { type LatencyResult, measureLatency } from "./latency.ts";
import type { Mixture } from "../../lib/gpt/decode/mixture.ts";
import type { NoteRequest } from "../../lib/gpt/typing/note_worker.ts";
import { beside, openNgram, type Sources, type SystemSpec } from "../../lib/gpt/typing/systems.ts";

interface Closable {
  close?(): Promise<void>;
}

export interface Engine {
  name: string;
  open(): Promise<NextTokenModel & Closable>;
}

/** The worker's, float32 in ONNX Runtime, and its int8 where the run was exported: on one thread. */
export async function enginesOf(
  { config, parameters }: Pick<Checkpoint, "config" | "parameters">,
  run: RunPaths,
): Promise<Engine[]> {
  const runtime = await loadRuntime({ threads: 1 });
  const engines: Engine[] = [{
    name: "int8, the worker's WebAssembly",
    open: async () =>
      await wasmModelFromTensors(config, parameters, await compileKernels()) as NextTokenModel,
  }, {
    name: `float32, ${runtime.description}`,
    open: async () =>
      await modelFromTensors(config, parameters, runtime) as NextTokenModel & Closable,
  }];
  const int8 = join(run.export, "onnx", "model_quantized.onnx");
  if (await exists(int8)) {
    engines.push({
      name: `int8 of the export, ${runtime.description}`,
      open: async () =>
        await modelFromGraph(config, await Deno.readFile(int8), runtime) as
          & NextTokenModel
          & Closable,
    });
  }
  return engines;
}

/** Times each engine on some of the passages, alone and with what `served` has beside the GPT. */
export async function measureEngines(
  { engines, tokenizer, sources }: {
    engines: readonly Engine[];
    tokenizer: Tokenizer;
    sources: Sources;
  },
  requests: readonly NoteRequest[],
  minConfidence: number,
  served: SystemSpec,
): Promise<LatencyResult[]> {
  const spec = served.kind === "gpt" ? served.mixture : undefined;
  const table = spec?.table ? await openNgram(sources.ngram) : undefined;
  const results: LatencyResult[] = [];
  for (const { name, open } of engines) {
    const model = await open();
    const time = (label: string, mixture?: Mixture) =>
      measureLatency(label, { model, tokenizer, mixture }, requests, minConfidence);
    results.push(await time(name));
    if (spec) results.push(await time(`${name}, n-grams beside`, beside(spec, table)));
    await model.close?.();
  }
  return results;
}
