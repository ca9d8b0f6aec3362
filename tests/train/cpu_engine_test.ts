// The CPU engine against PyTorch (tests/fixtures/gpt2_tiny), and the promises of engine.ts.

import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { createCpuEngine } from "../../pipeline/train/cpu_engine.ts";
import type { Batch, Engine, EngineOptions } from "../../pipeline/train/engine.ts";
import type { GptConfig } from "../../pipeline/lib/gpt/config.ts";
import { initialParameters } from "../../pipeline/lib/gpt/model/init.ts";
import type { Tensors } from "../../pipeline/lib/gpt/model/parameters.ts";
import { loadRuntime } from "../../pipeline/lib/gpt/onnx/runtime.ts";
import { OnnxEngine } from "../../pipeline/train/onnx_engine.ts";
import { loadGpt2Fixture } from "../helpers/gpt2_fixture.ts";

const fixture = loadGpt2Fixture();
const { config, batches, batch_size, learning_rates } = fixture;

function options(change: Partial<EngineOptions & { batchSize: number }> = {}): EngineOptions {
  const { batchSize = batch_size, ...rest } = change;
  return {
    model: config,
    parameters: fixture.parameters,
    train: {
      batchSize,
      beta1: fixture.optimizer.beta1,
      beta2: fixture.optimizer.beta2,
      adamEpsilon: fixture.optimizer.adam_epsilon,
      weightDecay: fixture.optimizer.weight_decay,
      maxGradNorm: fixture.optimizer.max_grad_norm,
      seed: 7,
    },
    ...rest,
  };
}

/** Runs `body` on an engine of two threads and closes it. */
async function withEngine<T>(
  change: Parameters<typeof options>[0],
  body: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await createCpuEngine({ ...options(change), threads: 2 });
  try {
    return await body(engine);
  } finally {
    await engine.close();
  }
}

async function train(engine: Engine, steps: Batch[][], first = 1): Promise<void> {
  for (const [i, microBatches] of steps.entries()) {
    const step = first + i;
    await engine.step(microBatches, step, learning_rates[step - 1]);
  }
}

/** Largest difference as a share of the expected tensor's largest value. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  assertEquals(actual.length, expected.length);
  let difference = 0, scale = 0;
  for (let i = 0; i < actual.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return difference / scale;
}

function assertClose(actual: Tensors, expected: Tensors, tolerance: number): void {
  assertEquals([...actual.keys()].sort(), [...expected.keys()].sort());
  for (const [name, values] of expected) {
    assertLess(relativeError(actual.get(name)!, values), tolerance, name);
  }
}

Deno.test("logits and loss are PyTorch's", async () => {
  await withEngine({}, async (engine) => {
    assertLess(relativeError(await engine.logits(batches[0].inputs), fixture.logits), 1e-5);
    assertLess(Math.abs(await engine.loss(batches[0]) - fixture.loss), 1e-5);
  });
});

Deno.test("every gradient is PyTorch's", async () => {
  await withEngine({}, async (engine) => {
    assertClose(await engine.gradients(batches[0]), fixture.gradients, 1e-4);
  });
});

Deno.test("ten losses and gradient norms are PyTorch's, and so are the weights after them", async () => {
  await withEngine({}, async (engine) => {
    await train(engine, batches.map((batch) => [batch]));
    const metrics = await engine.metrics();
    assertEquals(metrics.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const [i, { loss, gradNorm }] of metrics.entries()) {
      assertLess(Math.abs(loss - fixture.losses[i]), 1e-5);
      assertLess(Math.abs(gradNorm - fixture.grad_norms[i]), 1e-5);
    }
    assertEquals(await engine.metrics(), []);
    const { parameters } = await engine.state();
    for (const [name, values] of fixture.trained) {
      // Attention ignores the key's bias: its gradient is 0, and AdamW makes steps of the rounding.
      if (name.endsWith("c_attn.bias")) continue;
      assertLess(relativeError(parameters.get(name)!, values), 1e-4, name);
    }
  });
});

Deno.test("without the native binary, ten losses in WebAssembly are PyTorch's as well", async () => {
  const runtime = await loadRuntime({
    loadNative: () => Promise.reject(new Error("none")),
    warn: () => {},
  });
  const engine = new OnnxEngine(options(), runtime);
  await train(engine, batches.map((batch) => [batch]));
  for (const [i, { loss, gradNorm }] of (await engine.metrics()).entries()) {
    assertLess(Math.abs(loss - fixture.losses[i]), 1e-5);
    assertLess(Math.abs(gradNorm - fixture.grad_norms[i]), 1e-5);
  }
  assertClose(
    await engine.gradients(batches[0]),
    await withEngine(
      { parameters: (await engine.state()).parameters },
      (native) => native.gradients(batches[0]),
    ),
    1e-4,
  );
  await engine.close();
});

Deno.test("two runs with dropout are equal bit for bit; another seed is another run", async () => {
  const model: GptConfig = { ...config, embd_pdrop: 0.2, attn_pdrop: 0.2, resid_pdrop: 0.2 };
  const run = (seed: number) => {
    const given = options({ model });
    return withEngine({ ...given, train: { ...given.train, seed } }, async (engine) => {
      await train(engine, batches.slice(0, 3).map((batch) => [batch]));
      return { metrics: await engine.metrics(), state: await engine.state() };
    });
  };
  const first = await run(1);
  assertEquals(await run(1), first);
  assertNotEquals((await run(2)).metrics, first.metrics);
});

Deno.test("dropout acts in training, and neither in loss nor in gradients", async () => {
  const model: GptConfig = { ...config, embd_pdrop: 0.3, attn_pdrop: 0.3, resid_pdrop: 0.3 };
  await withEngine({ model }, async (engine) => {
    assertLess(Math.abs(await engine.loss(batches[0]) - fixture.loss), 1e-5);
    assertClose(await engine.gradients(batches[0]), fixture.gradients, 1e-4);
    await train(engine, [[batches[0]]]);
    const [{ loss }] = await engine.metrics();
    assert(Math.abs(loss - fixture.loss) > 1e-3);
  });
});

Deno.test("three micro-batches of one sequence are one batch of three", async () => {
  const length = config.n_positions;
  const split = ({ inputs, targets }: Batch): Batch[] =>
    [0, 1, 2].map((row) => ({
      inputs: inputs.slice(row * length, (row + 1) * length),
      targets: targets.slice(row * length, (row + 1) * length),
    }));
  await withEngine({ batchSize: 1 }, async (engine) => {
    await train(engine, batches.map(split));
    for (const [i, { loss, gradNorm }] of (await engine.metrics()).entries()) {
      assertLess(Math.abs(loss - fixture.losses[i]), 1e-5);
      assertLess(Math.abs(gradNorm - fixture.grad_norms[i]), 1e-5);
    }
  });
});

Deno.test("an engine made from another's state goes on exactly where that one stood", async () => {
  const steps = batches.slice(0, 6).map((batch) => [batch]);
  const whole = await withEngine({}, async (engine) => {
    await train(engine, steps);
    return engine.state();
  });
  const { parameters, ...moments } = await withEngine({}, async (engine) => {
    await train(engine, steps.slice(0, 3));
    return engine.state();
  });
  const resumed = await withEngine({ parameters, moments }, async (engine) => {
    await train(engine, steps.slice(3), 4);
    return engine.state();
  });
  assertEquals(resumed, whole);
});

Deno.test("the event loop turns while a step runs", async () => {
  const model: GptConfig = { ...config, n_embd: 256, n_layer: 4, n_positions: 128 };
  const parameters = initialParameters(model, 1);
  await withEngine({ model, parameters, batchSize: 8 }, async (engine) => {
    const tokens = new Int32Array(8 * 128);
    await engine.step([{ inputs: tokens, targets: tokens }], 1, 0);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await engine.step([{ inputs: tokens, targets: tokens }], 2, 0);
    clearInterval(timer);
    assert(turns >= 5, `${turns} turns`);
  });
});
