/** The float64 GPT-2 against PyTorch, and its optimizer against PyTorch's. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { parameterTable } from "../../../pipeline/lib/gpt/model/parameters.ts";
import { adamwUpdate } from "../../../kernels/reference/adamw.ts";
import { type Float64Tensors, gpt2LossAndGradients } from "../../../kernels/reference/gpt2.ts";
import { clipScale, globalNorm } from "../../../kernels/reference/grad_norm.ts";
import { assertGradient } from "../../helpers/finite_differences.ts";
import { loadGpt2Fixture } from "../../helpers/gpt2_fixture.ts";

const fixture = loadGpt2Fixture();
const length = fixture.config.n_positions;
const doubles = (tensors: Map<string, Float32Array>): Float64Tensors =>
  new Map([...tensors].map(([name, values]) => [name, Float64Array.from(values)]));

/** Largest difference, relative to the largest expected value. */
function relativeError(actual: Float64Array, expected: Float32Array): number {
  assertEquals(actual.length, expected.length);
  const size = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return actual.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i])), 0) / size;
}

Deno.test("the fixture holds the parameters of the table, in its shapes", () => {
  const table = parameterTable(fixture.config);
  assertEquals([...fixture.parameters.keys()].sort(), table.map(({ name }) => name).sort());
  for (const { name, shape } of table) {
    assertEquals(fixture.parameters.get(name)!.length, shape.reduce((a, b) => a * b, 1), name);
  }
});

Deno.test("logits, loss and every gradient are PyTorch's", () => {
  const { loss, logits, gradients } = gpt2LossAndGradients(
    fixture.config,
    doubles(fixture.parameters),
    { ...fixture.batches[0], length },
  );
  // Both sides computed in float64; the fixture's tensors were rounded to float32 once (6e-8).
  assertAlmostEquals(loss, fixture.loss, 1e-12);
  assert(relativeError(logits, fixture.logits) < 1e-7);
  assertEquals(gradients.size, fixture.gradients.size);
  for (const [name, expected] of fixture.gradients) {
    const error = relativeError(gradients.get(name)!, expected);
    assert(error < 1e-7, `${name}: ${error}`);
  }
  assertAlmostEquals(globalNorm(gradients.values()), fixture.grad_norm, 1e-12);
});

Deno.test("ten AdamW steps lose what PyTorch's ten steps lose", () => {
  const parameters = doubles(fixture.parameters);
  const zeros = () => new Map([...parameters].map(([n, p]) => [n, new Float64Array(p.length)]));
  const moment1 = zeros(), moment2 = zeros(), { optimizer } = fixture;
  fixture.batches.forEach((batch, index) => {
    const { loss, gradients } = gpt2LossAndGradients(fixture.config, parameters, {
      ...batch,
      length,
    });
    assertAlmostEquals(loss, fixture.losses[index], 1e-9, `loss of step ${index + 1}`);
    const norm = globalNorm(gradients.values());
    assertAlmostEquals(norm, fixture.grad_norms[index], 1e-8, `norm of step ${index + 1}`);
    const scale = clipScale(norm, optimizer.max_grad_norm);
    for (const { name, decay } of parameterTable(fixture.config)) {
      const state = {
        param: parameters.get(name)!,
        moment1: moment1.get(name)!,
        moment2: moment2.get(name)!,
      };
      adamwUpdate(state, gradients.get(name)!.map((value) => value * scale), index + 1, {
        learningRate: fixture.learning_rates[index],
        beta1: optimizer.beta1,
        beta2: optimizer.beta2,
        eps: optimizer.adam_epsilon,
        weightDecay: decay ? optimizer.weight_decay : 0,
      });
    }
  });
  for (const [name, expected] of fixture.trained) {
    const error = relativeError(parameters.get(name)!, expected);
    assert(error < 1e-7, `${name}: ${error}`);
  }
});

Deno.test("with dropout, the gradients are still those of the loss", () => {
  const config = { ...fixture.config, embd_pdrop: 0.2, attn_pdrop: 0.3, resid_pdrop: 0.1 };
  const parameters = doubles(fixture.parameters), seed = 11;
  const batch = {
    inputs: fixture.batches[0].inputs.slice(0, 5),
    targets: fixture.batches[0].targets.slice(0, 5),
    length: 5,
  };
  const run = () => gpt2LossAndGradients(config, parameters, batch, seed);
  const { loss, gradients } = run();
  assert(Math.abs(loss - gpt2LossAndGradients(config, parameters, batch).loss) > 1e-3);
  for (const name of ["wte.weight", "h.0.attn.c_attn.weight", "h.1.mlp.c_proj.weight"]) {
    assertGradient(name, () => run().loss, parameters.get(name)!, gradients.get(name)!);
  }
});
