// The training graph on a context long enough for several attention blocks, with and without
// dropout: its gradient must say how its own loss changes. (The PyTorch fixture is short, and no
// other program draws our dropout masks.)

import { assertEquals, assertLess } from "@std/assert";
import type { GptConfig } from "../../../pipeline/lib/gpt/config.ts";
import { initialParameters } from "../../../pipeline/lib/gpt/model/init.ts";
import type { Tensors } from "../../../pipeline/lib/gpt/model/parameters.ts";
import { Random } from "../../../pipeline/lib/base/random.ts";
import { loadRuntime } from "../../../pipeline/lib/gpt/onnx/runtime.ts";
import type { Batch } from "../../../pipeline/train/engine.ts";
import { OnnxEngine } from "../../../pipeline/train/onnx_engine.ts";

const runtime = await loadRuntime({ threads: 2 });
const batchSize = 3;

const modelWith = (p: number): GptConfig => ({
  vocab_size: 53,
  n_positions: 96,
  n_embd: 24,
  n_layer: 2,
  n_head: 3,
  embd_pdrop: p,
  attn_pdrop: p,
  resid_pdrop: p,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.3,
});

const random = new Random(5);
const tokens = () =>
  Int32Array.from({ length: batchSize * 96 }, () => random.below(random.below(53) + 1));
const batch: Batch = { inputs: tokens(), targets: tokens() };

/** Loss of step 1, and the gradient: with β₁ = 0 and no clipping it is the first moment. */
async function lossAndGradient(model: GptConfig, parameters: Tensors) {
  const train = {
    batchSize,
    beta1: 0,
    beta2: 0.9,
    adamEpsilon: 1e-8,
    weightDecay: 0,
    maxGradNorm: 0,
    seed: 3,
  };
  const engine = new OnnxEngine({ model, train, parameters }, runtime);
  await engine.step([batch], 1, 0);
  const [{ loss }] = await engine.metrics();
  const result = {
    loss,
    lossWithoutDropout: await engine.loss(batch),
    gradient: (await engine.state()).moment1,
  };
  await engine.close();
  return result;
}

/** `parameters` moved by `distance` along the gradient of those that `names` chooses. */
function moved(parameters: Tensors, gradient: Tensors, names: RegExp, distance: number): Tensors {
  return new Map(
    [...parameters].map(([name, values]) => [
      name,
      names.test(name)
        ? values.map((value, i) => value + distance * gradient.get(name)![i])
        : values,
    ]),
  );
}

for (const p of [0, 0.3]) {
  Deno.test(`the gradient says how the loss changes, dropout ${p}`, async () => {
    const model = modelWith(p);
    const parameters = initialParameters(model, 2);
    const { gradient, loss, lossWithoutDropout } = await lossAndGradient(model, parameters);
    if (p === 0) assertLess(Math.abs(loss - lossWithoutDropout), 1e-5);
    else assertLess(1e-3, Math.abs(loss - lossWithoutDropout));
    const groups = [/./, /^wte/, /^wpe/, /ln_/, /c_attn/, /attn.c_proj/, /c_fc/, /mlp.c_proj/];
    for (const names of groups) {
      const squared = [...gradient].filter(([name]) => names.test(name))
        .flatMap(([, values]) => [...values]).reduce((sum, x) => sum + x * x, 0);
      // Far enough that the change stands out of float32's rounding, near enough to be linear.
      const distance = 0.005 / squared;
      const losses: number[] = [];
      for (const sign of [1, -1]) {
        const there = moved(parameters, gradient, names, sign * distance);
        losses.push((await lossAndGradient(model, there)).loss);
      }
      const slope = (losses[0] - losses[1]) / (2 * distance);
      assertLess(Math.abs(slope / squared - 1), 0.01, `${names}: ${slope} instead of ${squared}`);
    }
  });
}

Deno.test("a batch done in parts is the batch done at once", async () => {
  const model = modelWith(0);
  const parameters = initialParameters(model, 2);
  const train = {
    batchSize,
    beta1: 0.9,
    beta2: 0.95,
    adamEpsilon: 1e-8,
    weightDecay: 0.1,
    maxGradNorm: 1,
    seed: 3,
  };
  const results = [];
  for (const budget of [2 ** 30, 1]) {
    const engine = new OnnxEngine({ model, train, parameters }, runtime, budget);
    for (let step = 1; step <= 3; step++) await engine.step([batch, batch], step, 1e-3);
    results.push({ metrics: await engine.metrics(), loss: await engine.loss(batch) });
    await engine.close();
  }
  const [whole, parts] = results;
  assertEquals(whole.metrics.length, 3);
  for (const [i, { loss, gradNorm }] of whole.metrics.entries()) {
    assertLess(Math.abs(loss - parts.metrics[i].loss), 1e-5);
    assertLess(Math.abs(gradNorm - parts.metrics[i].gradNorm), 1e-5);
  }
  assertLess(Math.abs(whole.loss - parts.loss), 1e-5);
});
