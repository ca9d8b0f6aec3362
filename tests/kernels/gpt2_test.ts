/** The whole model on the device against PyTorch's numbers and the float64 twin. */

import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { type Gpu, requestGpu } from "../../kernels/core/device.ts";
import { GpuMemoryError, GpuValidationError } from "../../kernels/core/errors.ts";
import { Gpt2, type ModelShape, type OptimizerOptions } from "../../kernels/mod.ts";
import { gpt2LossAndGradients } from "../../kernels/reference/gpt2.ts";
import { parameterTable } from "../../pipeline/lib/gpt/model/parameters.ts";
import { loadGpt2Fixture } from "../helpers/gpt2_fixture.ts";

const fixture = loadGpt2Fixture();
const optimizer: OptimizerOptions = {
  beta1: fixture.optimizer.beta1,
  beta2: fixture.optimizer.beta2,
  epsilon: fixture.optimizer.adam_epsilon,
  weightDecay: fixture.optimizer.weight_decay,
  maxGradNorm: fixture.optimizer.max_grad_norm,
};

/** One device for all tests, so that no kernel is compiled twice. */
const shared = await requestGpu();

/** The fixture's model with its initial parameters. */
async function withModel(
  shape: ModelShape,
  run: (model: Gpt2) => Promise<void>,
  { gpu = shared, recompute = false }: { gpu?: Gpu; recompute?: boolean } = {},
): Promise<void> {
  const { batch_size: batch } = fixture;
  const table = parameterTable(fixture.config);
  const model = Gpt2.create(gpu, { shape, table, batch, optimizer, recompute });
  await model.setParameters(fixture.parameters);
  try {
    await run(model);
  } finally {
    await model.destroy();
  }
}

/** Largest difference, as a share of the largest expected magnitude. */
function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  assertEquals(got.length, expected.length);
  let worst = 0, largest = 0;
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(got[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  assert(!Number.isNaN(worst));
  return worst / largest;
}

Deno.test("logits, loss and every gradient equal PyTorch's", async () => {
  await withModel(fixture.config, async (model) => {
    const [batch] = fixture.batches;
    assertLess(relativeError(await model.logits(batch.inputs), fixture.logits), 1e-5);
    assertLess(Math.abs(await model.loss(batch) - fixture.loss), 1e-6);
    const gradients = await model.gradients(batch);
    assertEquals([...gradients.keys()].sort(), [...fixture.gradients.keys()].sort());
    for (const [name, expected] of fixture.gradients) {
      assertLess(relativeError(gradients.get(name)!, expected), 1e-5, name);
    }
  });
});

Deno.test("ten training steps follow PyTorch's losses, norms and weights", async () => {
  await withModel(fixture.config, async (model) => {
    for (const [i, batch] of fixture.batches.entries()) {
      const learningRate = fixture.learning_rates[i];
      await model.step([batch], { step: i + 1, learningRate, seed: 1 });
    }
    const metrics = await model.metrics();
    assertEquals(metrics.map(({ step }) => step), fixture.losses.map((_, i) => i + 1));
    metrics.forEach(({ loss, gradNorm }, i) => {
      assertLess(Math.abs(loss / fixture.losses[i] - 1), 1e-5, `loss of step ${i + 1}`);
      assertLess(Math.abs(gradNorm / fixture.grad_norms[i] - 1), 1e-4, `norm of step ${i + 1}`);
    });
    const trained = await model.parameters();
    for (const [name, expected] of fixture.trained) {
      const own = (values: Float32Array) => withoutKeyBias(name, values);
      assertLess(relativeError(own(trained.get(name)!), own(expected)), 1e-3, name);
    }
  });
});

/**
 * Softmax does not see a constant added to all scores of a query, so that the key bias has a
 * gradient of exactly 0, and AdamW, which divides by its size, follows the rounding noise of it.
 */
function withoutKeyBias(name: string, values: Float32Array): Float32Array {
  if (!name.endsWith("c_attn.bias")) return values;
  const third = values.length / 3;
  return Float32Array.from([...values.subarray(0, third), ...values.subarray(2 * third)]);
}

Deno.test("gradients with dropout equal the float64 model's with the same seed", async () => {
  const shape = { ...fixture.config, embd_pdrop: 0.1, attn_pdrop: 0.2, resid_pdrop: 0.3 };
  const [batch] = fixture.batches;
  const parameters = new Map(
    [...fixture.parameters].map(([name, values]) => [name, Float64Array.from(values)]),
  );
  const length = shape.n_positions;
  const expected = gpt2LossAndGradients(shape, parameters, { ...batch, length }, 77);
  await withModel(shape, async (model) => {
    const gradients = await model.gradients(batch, 77);
    for (const [name, values] of expected.gradients) {
      assertLess(relativeError(gradients.get(name)!, values), 1e-5, name);
    }
  });
});

Deno.test("recomputing blocks changes the memory and not one bit of the gradients", async () => {
  const shape = { ...fixture.config, embd_pdrop: 0.1, attn_pdrop: 0.2, resid_pdrop: 0.3 };
  const [batch] = fixture.batches;
  const results: { activations: number; gradients: Map<string, Float32Array> }[] = [];
  for (const recompute of [false, true]) {
    await withModel(shape, async (model) => {
      const { activations } = model.memory;
      results.push({ activations, gradients: await model.gradients(batch, 77) });
    }, { recompute });
  }
  const [kept, recomputed] = results;
  assertLess(recomputed.activations, 0.7 * kept.activations); // two blocks in the fixture
  assertEquals(recomputed.gradients, kept.gradients);
});

Deno.test("several micro-batches give the mean of their gradients", async () => {
  await withModel(fixture.config, async (model) => {
    const batches = fixture.batches.slice(0, 3);
    const losses: number[] = [], sums = new Map<string, Float64Array>();
    for (const batch of batches) {
      losses.push(await model.loss(batch));
      for (const [name, values] of await model.gradients(batch)) {
        const sum = sums.get(name) ?? new Float64Array(values.length);
        sums.set(name, sum.map((value, i) => value + values[i] / batches.length));
      }
    }
    const square = [...sums.values()].flatMap((sum) => [...sum]).reduce((a, g) => a + g * g, 0);
    await model.step(batches, { step: 1, learningRate: 0, seed: 1 });
    const [{ loss, gradNorm }] = await model.metrics();
    assertLess(Math.abs(loss - losses.reduce((a, b) => a + b) / batches.length), 1e-6);
    assertLess(Math.abs(gradNorm / Math.sqrt(square) - 1), 1e-5);
  });
});

/** Losses of some steps with dropout. */
async function dropoutLosses(steps: number, seed: number): Promise<number[]> {
  const shape = { ...fixture.config, embd_pdrop: 0.1, attn_pdrop: 0.1, resid_pdrop: 0.1 };
  let losses: number[] = [];
  await withModel(shape, async (model) => {
    for (let step = 1; step <= steps; step++) {
      const batch = fixture.batches[step % fixture.batches.length];
      await model.step([batch], { step, learningRate: 1e-3, seed: seed + step });
    }
    losses = (await model.metrics()).map(({ loss }) => loss);
  });
  return losses;
}

Deno.test("the same seed gives the same losses, bit for bit", async () => {
  const losses = await dropoutLosses(20, 5);
  assertEquals(await dropoutLosses(20, 5), losses);
  assert((await dropoutLosses(20, 6)).some((loss, i) => loss !== losses[i]));
});

Deno.test("more steps than the history holds are all reported, and memory stays flat", async () => {
  await withModel(fixture.config, async (model) => {
    const run = async (from: number, steps: number) => {
      for (let step = from; step < from + steps; step++) {
        const batch = fixture.batches[step % fixture.batches.length];
        await model.step([batch], { step, learningRate: 1e-4, seed: step });
      }
      const metrics = await model.metrics();
      assertEquals(
        metrics.map(({ step }) => step),
        Array.from({ length: steps }, (_, i) => from + i),
      );
    };
    await run(1, 70);
    const before = Deno.memoryUsage().rss;
    await run(71, 70);
    const grown = Deno.memoryUsage().rss - before;
    assertLess(grown, 10 * 2 ** 20, `grew by ${grown} bytes over 70 steps`);
  });
});

Deno.test("a NaN in the weights surfaces in the metrics", async () => {
  await withModel(fixture.config, async (model) => {
    const parameters = new Map(fixture.parameters);
    parameters.set("ln_f.weight", parameters.get("ln_f.weight")!.map(() => NaN));
    await model.setParameters(parameters);
    await model.step([fixture.batches[0]], { step: 1, learningRate: 1e-3, seed: 1 });
    const [{ loss, gradNorm }] = await model.metrics();
    assert(Number.isNaN(loss) && Number.isNaN(gradNorm));
  });
});

Deno.test("a validation error during training surfaces by name", async () => {
  const gpu = await requestGpu();
  await withModel(fixture.config, async (model) => {
    gpu.device.createBuffer({ size: 2 ** 50, usage: GPUBufferUsage.STORAGE }).destroy();
    const step = model.step([fixture.batches[0]], { step: 1, learningRate: 1e-3, seed: 1 });
    await assertRejects(() => step.then(() => model.metrics()), GpuValidationError);
  }, { gpu });
  gpu.destroy();
});

Deno.test("a batch that does not fit is refused with the largest that does", () => {
  const table = parameterTable(fixture.config);
  const shape = fixture.config;
  const error = assertThrows(
    () => Gpt2.create(shared, { shape, table, batch: 1 << 24, optimizer }),
    GpuMemoryError,
    "use --batch-size",
  );
  const fits = Number(/--batch-size (\d+)/.exec(error.message)![1]);
  assert(fits >= 1);
});

Deno.test("a token outside the vocabulary and weights that lack a tensor are refused", async () => {
  await withModel(fixture.config, async (model) => {
    const wrong = fixture.batches[0].inputs.slice().fill(fixture.config.vocab_size);
    await assertRejects(() => model.logits(wrong), RangeError);
    await assertRejects(() => model.setParameters(new Map()), RangeError, "wte.weight is missing");
  });
});
