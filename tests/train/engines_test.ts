// A run may begin on one engine and go on at the other: both ways, ten losses are PyTorch's.

import { assertEquals, assertLess } from "@std/assert";
import { createEngine, type EngineChoice } from "../../pipeline/train/create_engine.ts";
import type { EngineOptions, StepMetrics } from "../../pipeline/train/engine.ts";
import { loadGpt2Fixture } from "../helpers/gpt2_fixture.ts";

const fixture = loadGpt2Fixture();
const { batches, learning_rates, optimizer } = fixture;

const start: EngineOptions = {
  model: fixture.config,
  parameters: fixture.parameters,
  train: {
    batchSize: fixture.batch_size,
    beta1: optimizer.beta1,
    beta2: optimizer.beta2,
    adamEpsilon: optimizer.adam_epsilon,
    weightDecay: optimizer.weight_decay,
    maxGradNorm: optimizer.max_grad_norm,
    seed: 7,
  },
};

async function run(choice: EngineChoice, options: EngineOptions, from: number, to: number) {
  const engine = await createEngine(choice, options);
  try {
    for (let i = from; i < to; i++) await engine.step([batches[i]], i + 1, learning_rates[i]);
    return { metrics: await engine.metrics(), state: await engine.state() };
  } finally {
    await engine.close();
  }
}

const cpu: EngineChoice = { kind: "cpu", threads: 2 }, gpu: EngineChoice = { kind: "gpu" };

for (const [first, second] of [[cpu, gpu], [gpu, cpu]]) {
  Deno.test(`begun on ${first.kind}, resumed on ${second.kind}`, async () => {
    const begun = await run(first, start, 0, 5);
    const { parameters, ...moments } = begun.state;
    const resumed = await run(second, { ...start, parameters, moments }, 5, 10);
    const metrics: StepMetrics[] = [...begun.metrics, ...resumed.metrics];
    assertEquals(metrics.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const [i, { loss, gradNorm }] of metrics.entries()) {
      assertLess(Math.abs(loss - fixture.losses[i]), 1e-4);
      assertLess(Math.abs(gradNorm - fixture.grad_norms[i]), 1e-4);
    }
  });
}
