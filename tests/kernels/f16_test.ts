/** The whole model in f16 beside PyTorch's float64 numbers, and the loss scale that keeps it finite. */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { requestGpu } from "../../kernels/core/device.ts";
import { Gpt2, GpuFeatureError, type ModelShape } from "../../kernels/mod.ts";
import { parameterTable } from "../../pipeline/lib/gpt/model/parameters.ts";
import { loadGpt2Fixture } from "../helpers/gpt2_fixture.ts";

const fixture = loadGpt2Fixture();
const { batches, batch_size: batch, config, learning_rates } = fixture;
const options = {
  table: parameterTable(config),
  batch,
  precision: "f16",
  optimizer: {
    beta1: fixture.optimizer.beta1,
    beta2: fixture.optimizer.beta2,
    epsilon: fixture.optimizer.adam_epsilon,
    weightDecay: fixture.optimizer.weight_decay,
    maxGradNorm: fixture.optimizer.max_grad_norm,
  },
} as const;

const gpu = await requestGpu();
// Software adapters crash now and then at the end of a process that still holds a device.
globalThis.addEventListener("unload", () => gpu.destroy());

async function withModel(shape: ModelShape, run: (model: Gpt2) => Promise<void>): Promise<void> {
  const model = Gpt2.create(gpu, { ...options, shape });
  await model.setParameters(fixture.parameters);
  try {
    await run(model);
  } finally {
    await model.destroy();
  }
}

const norm = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));

/** ‖got − expected‖ / ‖expected‖ */
const distance = (got: Float32Array, expected: Float32Array) =>
  norm(got.map((value, i) => value - expected[i])) / norm(expected);

/** The key bias has a gradient of exactly 0 (see gpt2_test.ts), so that only its noise is there. */
function withoutKeyBias(name: string, values: Float32Array): Float32Array {
  if (!name.endsWith("c_attn.bias")) return values;
  const third = values.length / 3;
  return Float32Array.from([...values.subarray(0, third), ...values.subarray(2 * third)]);
}

/** An operand rounded to f16 is off by up to 2⁻¹¹; a result follows from about a dozen such steps. */
const CLOSE = 12 * 2 ** -11;

if (gpu.f16) {
  Deno.test("in f16, loss and every gradient are close to PyTorch's", async () => {
    await withModel(config, async (model) => {
      assertLess(distance(await model.logits(batches[0].inputs), fixture.logits), CLOSE);
      assertLess(Math.abs(await model.loss(batches[0]) / fixture.loss - 1), CLOSE);
      for (const [name, values] of await model.gradients(batches[0])) {
        const own = (values: Float32Array) => withoutKeyBias(name, values);
        assertLess(distance(own(values), own(fixture.gradients.get(name)!)), CLOSE, name);
      }
    });
  });

  Deno.test("in f16, ten steps lose what PyTorch's do, twice the same bit by bit", async () => {
    const shape = { ...config, embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 };
    const runs: number[][] = [];
    for (const _ of [1, 2]) {
      await withModel(shape, async (model) => {
        for (const [i, one] of batches.entries()) {
          await model.step([one], { step: i + 1, learningRate: learning_rates[i], seed: 1 });
        }
        const metrics = await model.metrics();
        metrics.forEach(({ loss, gradNorm, lossScale, skipped }, i) => {
          assertLess(Math.abs(loss / fixture.losses[i] - 1), CLOSE, `loss of step ${i + 1}`);
          assertLess(Math.abs(gradNorm / fixture.grad_norms[i] - 1), CLOSE, `norm ${i + 1}`);
          assertEquals([lossScale, skipped], [2 ** 16, undefined]);
        });
        runs.push(metrics.map(({ loss }) => loss));
      });
    }
    assertEquals(runs[0], runs[1]);
    assert(runs[0].some((loss, i) => loss !== fixture.losses_float32[i]));
  });

  Deno.test("an overflow skips the step and halves the scale, until it fits", async () => {
    await withModel(config, async (model) => {
      model.setLossScale({ scale: 2 ** 23, steps: 7 }); // dlogits up to 2²³ / 48 overflow
      const before = await model.parameters();
      const step = (step: number) =>
        model.step([batches[0]], { step, learningRate: 1e-3, seed: 1 });
      await step(1);
      const [first] = await model.metrics();
      assertEquals([first.skipped, first.lossScale], [true, 2 ** 23]);
      assert(Number.isFinite(first.loss) && !Number.isFinite(first.gradNorm));
      assertEquals(await model.parameters(), before);
      assertEquals((await model.moments()).moment1.get("wte.weight")!.some((m) => m !== 0), false);
      assertEquals(await model.lossScale(), { scale: 2 ** 22, steps: 0 });
      for (let i = 2; i <= 8; i++) await step(i);
      const metrics = await model.metrics();
      const last = metrics.at(-1)!;
      assert(!last.skipped && Number.isFinite(last.gradNorm) && last.lossScale! < 2 ** 22);
      const firstGood = metrics.find(({ skipped }) => !skipped)!;
      assertLess(Math.abs(firstGood.gradNorm / fixture.grad_norm - 1), CLOSE);
      assert(
        (await model.parameters()).get("wte.weight")!.some((x, i) =>
          x !== before.get("wte.weight")![i]
        ),
      );
    });
  });

  Deno.test("the scale doubles after 2,000 good steps; a NaN at scale 1 is not hidden", async () => {
    await withModel(config, async (model) => {
      model.setLossScale({ scale: 1024, steps: 1998 });
      for (const i of [1, 2]) await model.step([batches[0]], { step: i, learningRate: 0, seed: 1 });
      assertEquals(await model.lossScale(), { scale: 2048, steps: 0 });
      const broken = new Map(fixture.parameters);
      broken.set("ln_f.weight", broken.get("ln_f.weight")!.map(() => NaN));
      await model.setParameters(broken);
      model.setLossScale({ scale: 1, steps: 0 });
      await model.metrics();
      await model.step([batches[0]], { step: 3, learningRate: 0, seed: 1 });
      const [{ skipped, gradNorm }] = await model.metrics();
      assert(!skipped && Number.isNaN(gradNorm));
    });
  });
}

Deno.test("an adapter without shader-f16 refuses f16 by name", async () => {
  const portable = await requestGpu({ portable: true });
  const error = assertThrows(
    () => Gpt2.create(portable, { ...options, shape: config }),
    GpuFeatureError,
    "leave --precision out to train in f32",
  );
  assert(error.message.includes(portable.name));
  portable.destroy();
});
