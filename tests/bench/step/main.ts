/**
 * `deno task bench step`: a whole training step on the GPU, once its tilings are measured: tokens per
 * second, model FLOP utilisation, where the time goes by the device's clock, how long the CPU takes
 * to encode it, and how it compares with the rate of its own matrix products.
 */

import { join } from "@std/path";
import { Gpt2, type Gpu, type Precision, requestGpu, tune } from "../../../kernels/mod.ts";
import { multiplyAddRoof } from "../../../kernels/core/roof.ts";
import { profile } from "../../../kernels/core/profile.ts";
import { workspace } from "../../../pipeline/artifacts.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { defineTask, format } from "../../../pipeline/lib/base/cli.ts";
import {
  type OptimizerName,
  optimizers,
  type PresetName,
  presets,
} from "../../../pipeline/lib/gpt/config.ts";
import { initialParameters } from "../../../pipeline/lib/gpt/model/init.ts";
import { parameterCount, parameterTable } from "../../../pipeline/lib/gpt/model/parameters.ts";
import { Random } from "../../../pipeline/lib/base/random.ts";
import { flopsPerToken } from "../../../pipeline/train/terminal.ts";
import { median } from "../../helpers/quantile.ts";
import { soak } from "./soak.ts";

export const task = defineTask({
  name: "bench step",
  summary: "Times a training step on the GPU: tokens/s, MFU, time per op, CPU share of encoding.",
  flags: {
    preset: { type: "string", default: "nano", choices: Object.keys(presets), help: "the shapes" },
    "vocab-size": { type: "integer", default: 4096, min: 2, help: "tokens of vocabulary" },
    batch: { type: "integer", min: 1, help: "sequences (default 64, on a software adapter 4)" },
    precision: { type: "string", default: "f32", choices: ["f32", "f16"], help: "of products" },
    optimizer: { type: "string", default: "adamw", choices: optimizers, help: "of the update" },
    "no-autotune": { type: "boolean", help: "the adapter's usual tilings, none by measurement" },
    recompute: { type: "boolean", help: "blocks forward twice, for less memory" },
    steps: { type: "integer", default: 5, min: 1, help: "timed steps, after two untimed" },
    soak: { type: "integer", default: 0, min: 0, help: "then so many steps of a tiny model" },
  },
  examples: ["deno task bench step --preset gpt2 --vocab-size 50304 --batch 8 --precision f16"],
  async run({ data, preset, vocabSize, batch, precision, noAutotune, recompute, ...flags }) {
    const { steps, optimizer, soak: n } = flags;
    const gpu = await requestGpu();
    const settings: Settings = {
      preset: preset as PresetName,
      vocabSize,
      batch: batch ?? (gpu.software ? 4 : 64),
      precision: precision as Precision,
      optimizer: optimizer as OptimizerName,
      autotune: !noAutotune,
      recompute,
      steps,
    };
    const result = await measure(gpu, settings);
    print(gpu, settings, result);
    const memory = n > 0 ? await soak(gpu, n) : undefined;
    if (memory) console.log(`${format(n)} steps of a tiny model: ${memory.text}`);
    gpu.destroy();
    const out = join(workspace(data).root, "reports", "bench", `step-${preset}-${precision}.json`);
    await writeJson(out, { adapter: gpu.name, ...settings, ...result, memory });
    console.log(`Written to ${out}`);
  },
});

interface Settings {
  preset: PresetName;
  vocabSize: number;
  batch: number;
  precision: Precision;
  optimizer: OptimizerName;
  autotune: boolean;
  recompute: boolean;
  steps: number;
}

interface Result {
  /** Operations per second of multiply-adds alone. */
  roof: number;
  tuningSeconds: number;
  /** The median of the timed steps. */
  secondsPerStep: number;
  tokensPerSecond: number;
  /** Model FLOPs per second, and as a share of the roof. */
  flops: number;
  utilization: number;
  /** Seconds in which the CPU encodes a step; on a GPU it does so while the last one runs. */
  encodingSeconds: number;
  /** Milliseconds on the device by group of ops; null without its clock. */
  groups: Record<string, number> | null;
  /** Operations of all matrix products of the step by their time on the device. */
  matmulFlops: number | null;
}

async function measure(gpu: Gpu, settings: Settings): Promise<Result> {
  const { preset, vocabSize, batch, precision, recompute, steps, autotune } = settings;
  const shape = { ...presets[preset].model, vocab_size: vocabSize };
  const { beta1, beta2, adamEpsilon, weightDecay, maxGradNorm } = presets[preset].train;
  const optimizer = { beta1, beta2, epsilon: adamEpsilon, weightDecay, maxGradNorm };
  const muon = settings.optimizer === "muon";
  const plan = { shape, table: parameterTable(shape), batch, precision, recompute, muon };
  const roof = await multiplyAddRoof(gpu);
  const model = Gpt2.create(gpu, { ...plan, optimizer });
  const start = performance.now();
  if (autotune) await tune(gpu, plan, {});
  const tuningSeconds = (performance.now() - start) / 1000;
  await model.setParameters(initialParameters(shape, 1));
  const random = new Random(1), tokens = batch * shape.n_positions;
  const draw = () => Int32Array.from({ length: tokens }, () => random.below(vocabSize));
  const seconds: number[] = [];
  for (let step = 1; step <= steps + 2; step++) {
    const micro = { inputs: draw(), targets: draw() };
    const before = performance.now();
    await model.step([micro], { step, learningRate: 1e-4, seed: step });
    await model.metrics();
    if (step <= 2) continue; // compilation
    seconds.push((performance.now() - before) / 1000);
  }
  const groups = await timeByGroup(model);
  const encodingSeconds = await encodingTime(gpu, model);
  await model.destroy();
  const secondsPerStep = median(seconds), count = parameterCount(shape);
  const flops = flopsPerToken(shape, count) * tokens / secondsPerStep;
  // Attention is a group of its own: of the step's operations, 12 L C T per token.
  const products = 6 * (count - shape.n_positions * shape.n_embd) * tokens;
  return {
    roof,
    tuningSeconds,
    secondsPerStep,
    tokensPerSecond: tokens / secondsPerStep,
    flops,
    utilization: flops / roof,
    encodingSeconds,
    groups,
    matmulFlops: groups?.matmul ? products / (groups.matmul / 1000) : null,
  };
}

/** One micro-batch and one update, with a pass of its own for every run of dispatches of a group. */
async function timeByGroup(model: Gpt2): Promise<Record<string, number> | null> {
  const { microBatch, update } = await model.programs();
  const groups: Record<string, number> = {};
  for (const program of [microBatch, update]) {
    const times = await profile(program);
    if (!times) return null;
    for (const [name, ms] of times) groups[name] = (groups[name] ?? 0) + ms;
  }
  return groups;
}

/** Encoding without submitting: on a software adapter, submitting waits for the last step. */
async function encodingTime(gpu: Gpu, model: Gpt2): Promise<number> {
  const { microBatch, update } = await model.programs();
  const times = Array.from({ length: 10 }, () => {
    const before = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    microBatch.encode(encoder);
    update.encode(encoder);
    encoder.finish();
    return (performance.now() - before) / 1000;
  });
  return median(times);
}

function print(gpu: Gpu, settings: Settings, result: Result): void {
  const { preset, vocabSize, batch, precision, optimizer } = settings;
  const { roof, secondsPerStep, tokensPerSecond, flops, utilization, groups, matmulFlops } = result;
  const giga = (value: number) => `${(value / 1e9).toFixed(1)} GFLOP/s`;
  console.log(
    `${gpu.name}, ${preset} in ${precision}, ${optimizer}, ${batch} sequences, vocabulary ${vocabSize}
tilings measured in ${result.tuningSeconds.toFixed(1)} s
${(1000 * secondsPerStep).toFixed(1)} ms a step, ${format(tokensPerSecond)} tokens/s, ${giga(flops)}
MFU ${(100 * utilization).toFixed(1)}% of ${giga(roof)} of multiply-adds
encoding on the CPU: ${(1000 * result.encodingSeconds).toFixed(2)} ms, ${
      (100 * result.encodingSeconds / secondsPerStep).toFixed(1)
    }% of a step`,
  );
  if (!groups || !matmulFlops) return;
  const total = Object.values(groups).reduce((a, b) => a + b, 0);
  for (const [name, ms] of Object.entries(groups).toSorted(([, a], [, b]) => b - a)) {
    console.log(`  ${name.padEnd(14)} ${ms.toFixed(2).padStart(9)} ms ${percent(ms / total)}`);
  }
  console.log(
    `products of the step: ${giga(matmulFlops)}; ` +
      `the whole step goes at ${percent(flops / matmulFlops).trim()} of that rate`,
  );
}

const percent = (share: number) => `${(100 * share).toFixed(0).padStart(4)}%`;
