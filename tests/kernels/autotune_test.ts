/** Measured tilings: which are tried, how long, and that a choice once made is the same for good. */

import { assert, assertEquals, assertLess } from "@std/assert";
import { requestGpu } from "../../kernels/core/device.ts";
import { type Gpt2Options, tilingsOf, tune } from "../../kernels/mod.ts";
import { emptyTuning } from "../../kernels/model/tuning.ts";
import { autotune, isTilings } from "../../kernels/ops/matmul/autotune.ts";
import {
  candidateTilings,
  chooseTiling,
  type Product,
  productName,
  tilingFor,
  useTilings,
} from "../../kernels/ops/matmul/tilings.ts";
import { parameterTable } from "../../pipeline/lib/gpt/model/parameters.ts";
import { loadGpt2Fixture } from "../helpers/gpt2_fixture.ts";

const gpu = await requestGpu();
// Software adapters crash now and then at the end of a process that still holds a device.
globalThis.addEventListener("unload", () => gpu.destroy());
const product: Product = { type: "f32", layout: "nn", m: 64, n: 64, k: 64 };
const name = productName(product);

Deno.test("small products are not measured, nor any without a clock on the device", async () => {
  assertEquals(await autotune(gpu, [product]), {});
  const clockless = { ...gpu, timestamps: false };
  assertEquals(await autotune(clockless, [product], { worthwhile: 1 }), {});
});

Deno.test("one of the candidates is chosen, and the product gets it", async () => {
  const tilings = await autotune(gpu, [product], { worthwhile: 1, budget: 60_000 });
  assertEquals(Object.keys(tilings), [name]);
  assert(isTilings(gpu, tilings));
  const candidates = candidateTilings(gpu, "nn");
  assertEquals(candidates[0], chooseTiling(gpu));
  assertEquals(new Set(candidates.map((one) => JSON.stringify(one))).size, candidates.length);
  useTilings(gpu, { [name]: candidates.at(-1)! });
  assertEquals(tilingFor(gpu, product), candidates.at(-1));
  assertEquals(tilingFor(gpu, { ...product, m: 65 }), chooseTiling(gpu));
  useTilings(gpu, {});
});

Deno.test("a spent budget ends the search with what suits the adapter", async () => {
  const start = performance.now();
  const tilings = await autotune(gpu, [product], { worthwhile: 1, budget: 0 });
  assertEquals(tilings, { [name]: chooseTiling(gpu) });
  assertLess(performance.now() - start, 1000);
});

Deno.test("what is known is not measured again; only this model's products are returned", async () => {
  const { config, batch_size: batch } = loadGpt2Fixture();
  const options: Omit<Gpt2Options, "optimizer"> = {
    shape: config,
    table: parameterTable(config),
    batch,
  };
  const all = await tune(gpu, options, {}, { worthwhile: 1, budget: 0 });
  assertEquals(Object.values(all).every((one) => "kind" in one), true);
  const other = candidateTilings(gpu, "nn")[1];
  const first = Object.keys(all).find((key) => key.includes(" nn "))!;
  const known = { ...all, [first]: other, [name]: other };
  assertEquals(await tune(gpu, options, known, { worthwhile: 1, budget: 0 }), {
    ...all,
    [first]: other,
  });
  useTilings(gpu, {});
});

Deno.test("of another adapter, other kernels or a damaged file, nothing is taken", async () => {
  const none = await emptyTuning(gpu);
  const tilings = { [name]: candidateTilings(gpu, "nn")[1] };
  assertEquals(tilingsOf(gpu, none, { ...none, tilings }), tilings);
  for (
    const wrong of [
      { ...none, tilings, adapter: "another" },
      { ...none, tilings, kernels: "0123" },
      { ...none, tilings: { [name]: { kind: "direct", lanes: 4096, rows: 1, quads: 1 } } },
      { ...none, tilings: { "f32 xx 1x1x1": tilings[name] } },
      { ...none, tilings: [tilings[name]] },
      { ...none, tilings: null },
      "text",
      null,
      undefined,
    ]
  ) assertEquals(tilingsOf(gpu, none, wrong), {}, JSON.stringify(wrong));
});
