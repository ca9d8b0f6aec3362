// Muon on both engines against PyTorch's torch.optim.Muon (tests/oracle/muon_fixture.py) and the
// float64 twin: ten losses, norms and weights; resumed on either engine; bit for bit on each.

import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { adamwUpdate } from "../../kernels/reference/adamw.ts";
import { gpt2LossAndGradients } from "../../kernels/reference/gpt2.ts";
import { clipScale, globalNorm } from "../../kernels/reference/grad_norm.ts";
import { muonUpdate } from "../../kernels/reference/muon.ts";
import { parameterTable, type Tensors } from "../../pipeline/lib/gpt/model/parameters.ts";
import { createEngine, type EngineChoice } from "../../pipeline/train/create_engine.ts";
import type { EngineOptions, EngineState, StepMetrics } from "../../pipeline/train/engine.ts";
import { loadGpt2Fixture, loadMuonFixture } from "../helpers/gpt2_fixture.ts";

const fixture = loadGpt2Fixture(), expected = loadMuonFixture();
const { batches, learning_rates, optimizer } = fixture;
const table = parameterTable(fixture.config);

const start: EngineOptions = {
  model: fixture.config,
  parameters: fixture.parameters,
  train: {
    optimizer: "muon",
    muonMomentum: expected.momentum,
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

/** Largest difference as a share of the largest expected value; without the key's bias, see gpt2_test.ts. */
function worstError(actual: Map<string, ArrayLike<number>>, truth: Tensors): number {
  return Math.max(
    ...[...truth].filter(([name]) => !name.endsWith("c_attn.bias")).map(
      ([name, values]) => {
        const size = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
        const got = actual.get(name)!;
        assertEquals(got.length, values.length, name);
        return values.reduce((worst, v, i) => Math.max(worst, Math.abs(got[i] - v)), 0) / size;
      },
    ),
  );
}

function assertPyTorchs(metrics: readonly StepMetrics[], tolerance: number): void {
  assertEquals(metrics.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const [i, { loss, gradNorm }] of metrics.entries()) {
    assertLess(Math.abs(loss - expected.losses[i]), tolerance, `loss of step ${i + 1}`);
    assertLess(Math.abs(gradNorm - expected.grad_norms[i]), tolerance, `norm of step ${i + 1}`);
  }
}

Deno.test("the float64 twin's ten steps are PyTorch's", () => {
  const double = (tensors: Tensors) =>
    new Map([...tensors].map(([name, values]) => [name, Float64Array.from(values)]));
  const zeros = () =>
    double(
      new Map(
        [...fixture.parameters].map(([name, values]) => [name, new Float32Array(values.length)]),
      ),
    );
  const parameters = double(fixture.parameters), moment1 = zeros(), moment2 = zeros();
  const length = fixture.config.n_positions;
  batches.forEach((batch, index) => {
    const { loss, gradients } = gpt2LossAndGradients(fixture.config, parameters, {
      ...batch,
      length,
    });
    assertAlmostEquals(loss, expected.losses[index], 1e-9, `loss of step ${index + 1}`);
    const scale = clipScale(globalNorm(gradients.values()), optimizer.max_grad_norm);
    for (const { name, shape, decay, muon: parts } of table) {
      const gradient = gradients.get(name)!.map((value) => value * scale);
      const state = {
        param: parameters.get(name)!,
        moment1: moment1.get(name)!,
        moment2: moment2.get(name)!,
      };
      const learningRate = learning_rates[index];
      const weightDecay = decay ? optimizer.weight_decay : 0;
      if (parts > 0) {
        const hyper = { learningRate, momentum: expected.momentum, weightDecay, parts };
        muonUpdate(state, gradient, shape, hyper);
      } else {
        const { beta1, beta2, adam_epsilon: eps } = optimizer;
        adamwUpdate(state, gradient, index + 1, { learningRate, beta1, beta2, eps, weightDecay });
      }
    }
  });
  assertLess(worstError(parameters, expected.trained), 1e-6);
});

const cpu: EngineChoice = { kind: "cpu", threads: 2 }, gpu: EngineChoice = { kind: "gpu" };

for (const choice of [cpu, gpu]) {
  Deno.test(`ten steps on ${choice.kind} are PyTorch's`, async () => {
    const { metrics, state } = await run(choice, start, 0, 10);
    assertPyTorchs(metrics, 1e-4);
    assertLess(worstError(state.parameters, expected.trained), 1e-3);
    for (const { name, muon } of table) {
      const used = (tensors: Tensors) => tensors.get(name)!.some((value) => value !== 0);
      assert(used(state.moment1), name);
      assertEquals(used(state.moment2), muon === 0, name);
    }
  });

  Deno.test(`stopped and resumed on ${choice.kind}, not one bit differs`, async () => {
    const whole = await run(choice, start, 0, 6);
    const { state: { parameters, ...moments } } = await run(choice, start, 0, 3);
    const resumed = await run(choice, { ...start, parameters, moments }, 3, 6);
    assertEquals<EngineState>(resumed.state, whole.state);
    assertEquals(resumed.metrics, whole.metrics.slice(3));
  });
}

for (const [first, second] of [[cpu, gpu], [gpu, cpu]]) {
  Deno.test(`begun on ${first.kind}, resumed on ${second.kind}`, async () => {
    const { metrics, state: { parameters, ...moments } } = await run(first, start, 0, 5);
    const resumed = await run(second, { ...start, parameters, moments }, 5, 10);
    assertPyTorchs([...metrics, ...resumed.metrics], 1e-4);
  });
}
