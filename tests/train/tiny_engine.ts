/**
 * An engine small enough for tests of the loop: it trains only the embeddings,
 * logits = (wte[token] + wpe[position]) · wteᵀ, by AdamW with clipping, in plain TypeScript. Enough
 * for losses that fall, moments that matter and results that are the same bit by bit.
 */

import type { GptConfig } from "../../pipeline/lib/gpt/config.ts";
import { elements, parameterTable, type Tensors } from "../../pipeline/lib/gpt/model/parameters.ts";
import type { Batch, Engine, EngineOptions, StepMetrics } from "../../pipeline/train/engine.ts";

export const tinyModel: GptConfig = {
  vocab_size: 24,
  n_positions: 8,
  n_embd: 8,
  n_layer: 1,
  n_head: 2,
  embd_pdrop: 0,
  attn_pdrop: 0,
  resid_pdrop: 0,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
};

const copy = (tensors: Tensors): Tensors =>
  new Map(Array.from(tensors, ([name, values]) => [name, values.slice()]));

const zeros = (model: GptConfig): Tensors =>
  new Map(
    parameterTable(model).map(({ name, shape }) => [name, new Float32Array(elements(shape))]),
  );

const TRAINED = ["wte.weight", "wpe.weight"];

/** `disturb` may change a step's metrics, to play a loss spike. */
export function createTinyEngine(
  { model, train, parameters: initial, moments }: EngineOptions,
  disturb: (metrics: StepMetrics, batches: Batch[]) => StepMetrics = (metrics) => metrics,
): Promise<Engine> {
  const parameters = copy(initial);
  const moment1 = moments ? copy(moments.moment1) : zeros(model);
  const moment2 = moments ? copy(moments.moment2) : zeros(model);
  const pending: StepMetrics[] = [];
  const engine: Engine = {
    description: "tiny test engine",
    memory: {},
    step(batches, step, learningRate) {
      const gradients = zeros(model);
      let loss = 0;
      for (const batch of batches) {
        loss += forwardBackward(model, parameters, batch, gradients, 1 / batches.length);
      }
      const gradNorm = Math.sqrt(
        [...gradients.values()].reduce((sum, g) => g.reduce((s, v) => s + v * v, sum), 0),
      );
      const clip = train.maxGradNorm > 0 ? Math.min(1, train.maxGradNorm / gradNorm) : 1;
      for (const name of TRAINED) {
        const [p, g] = [parameters.get(name)!, gradients.get(name)!];
        const [m, v] = [moment1.get(name)!, moment2.get(name)!];
        for (let i = 0; i < p.length; i++) {
          m[i] = train.beta1 * m[i] + (1 - train.beta1) * clip * g[i];
          v[i] = train.beta2 * v[i] + (1 - train.beta2) * (clip * g[i]) ** 2;
          const mean = m[i] / (1 - train.beta1 ** step);
          const deviation = Math.sqrt(v[i] / (1 - train.beta2 ** step)) + train.adamEpsilon;
          p[i] -= learningRate * (mean / deviation + train.weightDecay * p[i]);
        }
      }
      pending.push(disturb({ step, loss: loss / batches.length, gradNorm }, batches));
      return Promise.resolve();
    },
    metrics: () => Promise.resolve(pending.splice(0)),
    loss: (batch) => Promise.resolve(forwardBackward(model, parameters, batch)),
    logits: () => Promise.reject(new Error("the loop does not ask for logits")),
    gradients(batch) {
      const gradients = zeros(model);
      forwardBackward(model, parameters, batch, gradients);
      return Promise.resolve(gradients);
    },
    roof: () => Promise.resolve(null),
    state: () =>
      Promise.resolve({
        parameters: copy(parameters),
        moment1: copy(moment1),
        moment2: copy(moment2),
      }),
    close: () => Promise.resolve(),
  };
  return Promise.resolve(engine);
}

/** Mean cross-entropy; adds `scale` times its gradient to `gradients` where given. */
function forwardBackward(
  { vocab_size: vocab, n_embd: width, n_positions }: GptConfig,
  parameters: Tensors,
  { inputs, targets }: Batch,
  gradients?: Tensors,
  scale = 1,
): number {
  const wte = parameters.get("wte.weight")!, wpe = parameters.get("wpe.weight")!;
  const dwte = gradients?.get("wte.weight"), dwpe = gradients?.get("wpe.weight");
  const hidden = new Float64Array(width), scores = new Float64Array(vocab);
  let loss = 0;
  for (let i = 0; i < inputs.length; i++) {
    const token = inputs[i] * width, position = (i % n_positions) * width;
    for (let c = 0; c < width; c++) hidden[c] = wte[token + c] + wpe[position + c];
    let sum = 0;
    for (let v = 0; v < vocab; v++) {
      let dot = 0;
      for (let c = 0; c < width; c++) dot += hidden[c] * wte[v * width + c];
      sum += scores[v] = Math.exp(dot);
    }
    loss -= Math.log(scores[targets[i]] / sum);
    if (!dwte || !dwpe) continue;
    for (let v = 0; v < vocab; v++) {
      const d = (scores[v] / sum - (v === targets[i] ? 1 : 0)) * scale / inputs.length;
      for (let c = 0; c < width; c++) {
        const back = d * wte[v * width + c];
        dwte[v * width + c] += d * hidden[c];
        dwte[token + c] += back;
        dwpe[position + c] += back;
      }
    }
  }
  return loss / inputs.length;
}
