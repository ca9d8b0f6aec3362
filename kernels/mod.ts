/**
 * The public face of the kernels: a GPT-2 that trains on a WebGPU device.
 *
 * ```ts
 * const gpu = await requestGpu();
 * const model = Gpt2.create(gpu, { shape, table, batch, optimizer });
 * model.setParameters(initial);
 * await model.step([batch], { step: 1, learningRate: 1e-3, seed: 1 });
 * const [{ loss }] = await model.metrics();
 * ```
 */

export { type Gpu, type GpuOptions, requestGpu } from "./core/device.ts";
export {
  GpuFeatureError,
  GpuLostError,
  GpuMemoryError,
  GpuUnavailableError,
  GpuValidationError,
  WgslError,
} from "./core/errors.ts";
export { multiplyAddRoof } from "./core/roof.ts";
export {
  Gpt2,
  type Gpt2Options,
  type LossScale,
  type NamedValues,
  type TokenBatch,
} from "./model/gpt2.ts";
export type { StepMetrics } from "./model/history.ts";
export type { ModelShape, ParameterSpec, PlanOptions, Precision } from "./model/plan.ts";
export { emptyTuning, tilingsOf, tune, type Tuning } from "./model/tuning.ts";
export type { AutotuneOptions } from "./ops/matmul/autotune.ts";
export type { DirectTile } from "./ops/matmul/tile_direct.ts";
export type { SharedTile } from "./ops/matmul/tile_shared.ts";
export type { Tiling, Tilings } from "./ops/matmul/tilings.ts";
export type { OptimizerOptions } from "./model/programs.ts";
