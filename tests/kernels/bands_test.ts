/** A token embedding larger than what the adapter binds: the same numbers, by bands of its rows. */

import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { type Gpu, requestGpu } from "../../kernels/core/device.ts";
import { Gpt2, GpuMemoryError } from "../../kernels/mod.ts";
import { initialParameters } from "../../pipeline/lib/gpt/model/init.ts";
import { parameterTable } from "../../pipeline/lib/gpt/model/parameters.ts";
import type { GptConfig } from "../../pipeline/lib/gpt/config.ts";

const shape: GptConfig = {
  vocab_size: 1003, // ragged; wte has 64,192 bytes
  n_positions: 6,
  n_embd: 16,
  n_layer: 1,
  n_head: 2,
  embd_pdrop: 0.1,
  attn_pdrop: 0,
  resid_pdrop: 0,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
};
const table = parameterTable(shape);
const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };

/** Of all fields that the kernels read, with a binding so small that wte takes `bands`. */
function limited({ limits, ...gpu }: Gpu, maxStorageBufferBindingSize: number): Gpu {
  const names = [
    "maxBufferSize",
    "maxComputeWorkgroupStorageSize",
    "maxComputeInvocationsPerWorkgroup",
    "maxComputeWorkgroupsPerDimension",
  ] as const;
  const kept = Object.fromEntries(names.map((name) => [name, limits[name]]));
  return { ...gpu, limits: { ...kept, maxStorageBufferBindingSize } as GPUSupportedLimits };
}

const gpu = await requestGpu();
// Software adapters crash now and then at the end of a process that still holds a device.
globalThis.addEventListener("unload", () => gpu.destroy());
const tokens = (seed: number) =>
  Int32Array.from({ length: 6 }, (_, i) => (seed * 367 + i * 131) % shape.vocab_size);
const batches = [1, 2, 3].map((seed) => ({ inputs: tokens(seed), targets: tokens(seed + 9) }));

async function trained(gpu: Gpu, precision: "f32" | "f16") {
  const model = Gpt2.create(gpu, { shape, table, batch: 1, optimizer, precision });
  await model.setParameters(initialParameters(shape, 1));
  const gradients = await model.gradients(batches[0], 5);
  const logits = await model.logits(batches[0].inputs);
  for (const [i, batch] of batches.entries()) {
    await model.step([batch], { step: i + 1, learningRate: 1e-2, seed: i });
  }
  const losses = (await model.metrics()).map(({ loss }) => loss);
  const parameters = await model.parameters();
  await model.destroy();
  return { gradients, logits, losses, parameters };
}

function furthest(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let apart = 0, largest = 0;
  for (let i = 0; i < expected.length; i++) {
    apart = Math.max(apart, Math.abs(got[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return apart / largest;
}

// 512 rows and 491; a band for 448, 448 and 107.
for (const [bands, rows] of [[2, 512], [3, 448]] as const) {
  Deno.test(`wte in ${bands} bands gives the logits, gradients and weights of one`, async () => {
    const small = limited(gpu, rows * shape.n_embd * 4);
    const whole = await trained(gpu, "f32"), banded = await trained(small, "f32");
    assertEquals(banded.logits, whole.logits); // every logit is one sum over C, whatever the band
    assertEquals(banded.losses[0], whole.losses[0]);
    // dinp is a sum over V, rounded once more where a band ends: all that follows from it may be off
    // by as much as the kernels are off PyTorch (gpt2_test.ts).
    for (const [name, values] of whole.gradients) {
      assertLess(furthest(banded.gradients.get(name)!, values), 1e-5, name);
    }
    assertLess(furthest(banded.losses, whole.losses), 1e-6);
    // Adam's first steps divide a gradient by its own size: rounding of tiny ones is all they have.
    assertLess(
      furthest(banded.parameters.get("wte.weight")!, whole.parameters.get("wte.weight")!),
      1e-3,
    );
  });
}

if (gpu.f16) {
  Deno.test("in f16, only the masters need bands", async () => {
    const small = limited(gpu, 512 * shape.n_embd * 4);
    const whole = await trained(gpu, "f16"), banded = await trained(small, "f16");
    assertEquals(banded.logits, whole.logits);
    assertEquals(banded.losses, whole.losses);
  });
}

Deno.test("what has no bands is still refused by its name", () => {
  const tiny = limited(gpu, 1024);
  assertThrows(
    () => Gpt2.create(tiny, { shape, table, batch: 1, optimizer }),
    GpuMemoryError,
    "maxStorageBufferBindingSize is 1024",
  );
});
