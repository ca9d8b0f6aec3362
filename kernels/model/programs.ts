/** The recordings that a training step and its tests replay. */

import type { Gpu } from "../core/device.ts";
import { type Program, Recorder } from "../core/recorder.ts";
import { rowBands, type Tensor } from "../core/tensor.ts";
import { adamw, DECAY_BLOCK } from "../ops/adamw.ts";
import { crossEntropy, sumLosses } from "../ops/cross_entropy.ts";
import { gradNorm } from "../ops/grad_norm.ts";
import { toF16, updateLossScale } from "../ops/loss_scale.ts";
import { muon } from "../ops/muon.ts";
import { recordBackward, recordLogitsBackward } from "./backward.ts";
import { logitChunks, modelDropout, recordForward, recordLogits } from "./forward.ts";
import { type Gpt2Plan, rowChunks } from "./plan.ts";

/** AdamW, Muon and clipping; nothing here changes from step to step. */
export interface OptimizerOptions {
  /** Share of the old mean in the new one, of gradients */
  beta1: number;
  /** The same of their squares */
  beta2: number;
  /** Added to the root of the mean square */
  epsilon: number;
  /** Applies to the parameters whose table row says so. */
  weightDecay: number;
  /** Gradients are scaled down to this norm; 0 turns clipping off. */
  maxGradNorm: number;
  /** Share of the old momentum in the new one, where the plan is for Muon; 0.95 if absent. */
  muonMomentum?: number;
}

/** Sets the gradients and the loss of the step to zero. */
export function clearProgram(gpu: Gpu, { gradients, loss }: Gpt2Plan): Promise<Program> {
  const recorder = new Recorder(gpu).group("clear");
  recorder.clear(gradients.flat);
  recorder.clear(loss);
  return recorder.finish();
}

export interface MicroBatchOptions {
  /** Drop out, with the seed in `plan.seed`. */
  dropout: boolean;
  /** The micro-batches of a step: each adds its share of the mean gradient and the mean loss. */
  count: number;
}

/** Adds the gradient and the loss of one micro-batch. */
export function microBatchProgram(
  gpu: Gpu,
  plan: Gpt2Plan,
  { dropout: training, count }: MicroBatchOptions,
): Promise<Program> {
  const recorder = new Recorder(gpu);
  const dropout = modelDropout(plan, training);
  const scale = 1 / (count * plan.losses.size);
  recordForward(recorder, plan, dropout);
  for (const chunk of logitChunks(plan)) {
    recordLogits(recorder, plan, chunk);
    const { targets, losses, lossScale } = plan, { first, logits } = chunk;
    const loss = recorder.group("cross-entropy");
    crossEntropy(loss, { logits, targets, losses, first, lossScale, gradientScale: scale });
    recordLogitsBackward(recorder, plan, chunk);
  }
  sumLosses(recorder.group("cross-entropy"), { losses: plan.losses, out: plan.loss, scale });
  recordBackward(recorder, plan, dropout);
  return recorder.finish();
}

/** Norm of all gradients, clipping, AdamW and, where planned, Muon. */
export function updateProgram(
  gpu: Gpu,
  plan: Gpt2Plan,
  { beta1, beta2, epsilon, maxGradNorm, weightDecay, muonMomentum }: OptimizerOptions,
): Promise<Program> {
  const recorder = new Recorder(gpu).group("optimizer");
  const { gradients, parameters, moment1, moment2, decay, norm, adamStep, workspace } = plan;
  const { precision, lossScale } = plan;
  const pieces = bindablePieces(gpu, gradients.flat);
  const grads = pieces.map(({ first, count }) => gradients.flat.view([count], first));
  gradNorm(recorder, { grads, norm, workspace });
  if (precision === "f16") updateLossScale(recorder, { norm, lossScale });
  pieces.forEach(({ first, count }, piece) => {
    const of = (flat: Tensor) => flat.view([count], first);
    adamw(recorder, {
      param: of(parameters.flat),
      grad: grads[piece],
      moment1: of(moment1.flat),
      moment2: of(moment2.flat),
      decay: decay.view([count / DECAY_BLOCK], first / DECAY_BLOCK),
      norm,
      step: adamStep,
      beta1,
      beta2,
      eps: epsilon,
      maxNorm: maxGradNorm,
    });
  });
  if (plan.muon) {
    const { names, scratch } = plan.muon;
    muon(recorder.group("muon"), {
      matrices: [...names].map(([name, { parts }]) => ({
        param: parameters.parts.get(name)!,
        grad: gradients.parts.get(name)!,
        moment1: moment1.parts.get(name)!,
        parts,
      })),
      scratch,
      norm,
      step: adamStep,
      momentum: muonMomentum ?? 0.95,
      weightDecay,
      maxNorm: maxGradNorm,
    });
    recorder.group("optimizer");
  }
  recordWeights(recorder, plan);
  return recorder.finish();
}

/** Renews the f16 copies of the weights, where there are any. */
export function weightsProgram(gpu: Gpu, plan: Gpt2Plan): Promise<Program> {
  const recorder = new Recorder(gpu).group("optimizer");
  recordWeights(recorder, plan);
  return recorder.finish();
}

function recordWeights(recorder: Recorder, { precision, parameters, weights }: Gpt2Plan): void {
  if (precision === "f32") return;
  for (const [name, copy] of weights) {
    const masters = rowBands(recorder.gpu, parameters.parts.get(name)!);
    for (const { first, rows: inp } of masters) {
      toF16(recorder, { inp, out: copy.view(inp.shape, first * inp.shape[1]) });
    }
  }
}

/** Ranges of a flat buffer that fit one binding; their decay values start aligned, too. */
function bindablePieces({ limits }: Gpu, flat: Tensor) {
  const unit = DECAY_BLOCK * 64;
  const size = Math.floor(limits.maxStorageBufferBindingSize / 4 / unit) * unit;
  return rowChunks(flat.size, size);
}

/** Mean loss of one batch into `plan.loss`, without dropout and without gradients. */
export function lossProgram(gpu: Gpu, plan: Gpt2Plan): Promise<Program> {
  const recorder = new Recorder(gpu);
  const { losses, loss, targets, lossScale } = plan;
  recorder.clear(loss);
  recordForward(recorder, plan, modelDropout(plan, false));
  for (const chunk of logitChunks(plan)) {
    recordLogits(recorder, plan, chunk);
    const { first, logits } = chunk;
    crossEntropy(recorder.group("cross-entropy"), { logits, targets, losses, first, lossScale });
  }
  sumLosses(recorder, { losses, out: loss, scale: 1 / losses.size });
  return recorder.finish();
}

/** Programs that leave in `plan.logits` one chunk of logits after the other. */
export function logitPrograms(gpu: Gpu, plan: Gpt2Plan): Promise<Program>[] {
  return logitChunks(plan).map((chunk) => {
    const recorder = new Recorder(gpu);
    if (chunk.first === 0) recordForward(recorder, plan, modelDropout(plan, false));
    recordLogits(recorder, plan, chunk);
    return recorder.finish();
  });
}
