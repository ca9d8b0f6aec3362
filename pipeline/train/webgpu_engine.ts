/** The engine behind `--gpu`: our own kernels on whatever WebGPU adapter the machine has. */

import {
  Gpt2,
  type Gpu,
  GpuUnavailableError,
  multiplyAddRoof,
  type Precision,
  requestGpu,
} from "../../kernels/mod.ts";
import { parameterTable } from "../lib/gpt/model/parameters.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { tuned } from "./tuned.ts";

export type { Precision };

export interface WebGpuChoice {
  /** Use no optional feature of the adapter: no subgroups, no f16. */
  portable?: boolean;
  /** Save memory by running each block forward a second time. */
  recompute?: boolean;
  /** Of weights in products, activations and their gradients; f32 if absent. */
  precision?: Precision;
  /** Throw instead of training on an adapter that computes on the CPU. */
  refuseSoftware?: boolean;
  /** What the run's config.json holds as `tuning`. */
  tuning?: unknown;
}

/**
 * Throws a `GpuUnavailableError` without an adapter or with one that is refused, a `GpuFeatureError` for f16 where it has none,
 * a `GpuMemoryError` if the plan is too large.
 */
export async function createWebGpuEngine(
  options: EngineOptions,
  { portable, recompute, precision = "f32", tuning: recorded, refuseSoftware }: WebGpuChoice = {},
): Promise<Engine> {
  const { model: shape, train, parameters, moments, lossScale } = options;
  const gpu = await openGpu({ portable, refuseSoftware });
  const plan = {
    shape,
    table: parameterTable(shape),
    batch: train.batchSize,
    recompute,
    precision,
    muon: train.optimizer === "muon",
  };
  let model, tuning;
  try {
    model = Gpt2.create(gpu, {
      ...plan,
      optimizer: {
        beta1: train.beta1,
        beta2: train.beta2,
        epsilon: train.adamEpsilon,
        weightDecay: train.weightDecay,
        maxGradNorm: train.maxGradNorm,
        muonMomentum: train.muonMomentum,
      },
    });
    tuning = portable ? undefined : await tuned(gpu, plan, recorded);
    await model.setParameters(parameters);
    if (moments) model.setMoments(moments);
    if (lossScale && precision === "f16") model.setLossScale(lossScale);
  } catch (error) {
    gpu.destroy();
    throw error;
  }
  return {
    description: `WebGPU, ${gpu.name}${precision === "f16" ? ", f16" : ""}`,
    precision,
    tuning,
    memory: model.memory,
    step: (batches, step, learningRate) =>
      model.step(batches, { step, learningRate, seed: dropoutSeed(train.seed, step) }),
    metrics: () => model.metrics(),
    loss: (batch) => model.loss(batch),
    logits: (inputs) => model.logits(inputs),
    gradients: (batch) => model.gradients(batch),
    // Without timestamps there is our clock alone, good enough for a slow adapter only.
    roof: () => gpu.timestamps || gpu.software ? multiplyAddRoof(gpu) : Promise.resolve(null),
    async state() {
      return {
        parameters: await model.parameters(),
        ...await model.moments(),
        ...(precision === "f16" ? { lossScale: await model.lossScale() } : {}),
      };
    },
    async close() {
      await model.destroy();
      gpu.destroy();
    },
  };
}

async function openGpu({ portable, refuseSoftware }: WebGpuChoice): Promise<Gpu> {
  const gpu = await requestGpu({ portable });
  if (!gpu.software || !refuseSoftware) return gpu;
  gpu.destroy();
  throw softwareRefusal(gpu.name);
}

/** Throws what `createWebGpuEngine` would throw of the adapter, before anything is written. */
export async function requireAdapter(choice: WebGpuChoice): Promise<void> {
  (await openGpu(choice)).destroy();
}

const DRIVERS: Partial<Record<typeof Deno.build.os, string>> = {
  linux:
    "the GPU's Vulkan driver (NVIDIA's own with its Vulkan library, or mesa-vulkan-drivers for " +
    'AMD and Intel; in a container, pass the GPU in), until "vulkaninfo --summary" lists the GPU',
  windows: "the GPU vendor's driver, which brings D3D12 and Vulkan",
};

function softwareRefusal(name: string): GpuUnavailableError {
  const driver = DRIVERS[Deno.build.os] ?? "the GPU's driver";
  return new GpuUnavailableError(
    `Cannot train on a GPU: the only adapter here is ${name}, which computes on the CPU, many times ` +
      `slower than training without --gpu does; install ${driver}, leave --gpu out, or give ` +
      "--software-gpu to use it all the same",
  );
}

/**
 * The dropout seed of a step's first micro-batch; the following ones count on from it. The factor
 * is odd, so that no two steps of a run share a seed before 2³² / 4096 steps.
 */
function dropoutSeed(seed: number, step: number): number {
  return (Math.imul(seed, 0x9e3779b1) + Math.imul(step, 4096)) >>> 0;
}
