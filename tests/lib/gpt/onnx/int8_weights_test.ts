import { assert, assertEquals, assertLess } from "@std/assert";
import {
  int8Weights,
  quantizableLayers,
  quantizeColumns,
} from "../../../../pipeline/lib/gpt/onnx/int8_weights.ts";
import { loadRuntime } from "../../../../pipeline/lib/gpt/onnx/runtime.ts";
import { scorerFromWeights } from "../../../../pipeline/lib/gpt/onnx/scorer.ts";
import { loadGpt2Fixture } from "../../../helpers/gpt2_fixture.ts";

Deno.test("each column is scaled by its own largest value", () => {
  const { values, scales } = quantizeColumns(Float32Array.of(1, -50, 0, -2, 25, 0), 2, 3);
  assertEquals([...values], [64, -127, 0, -127, 64, 0]);
  assertEquals([...scales], [2 / 127, 50 / 127, 1].map(Math.fround));
});

const fixture = loadGpt2Fixture();
const { config, parameters } = fixture;
const runtime = await loadRuntime({ threads: 1 });

/** Largest error of a log-probability of the fixture's targets. */
async function error(keep: string[]): Promise<number> {
  const scorer = async (kept: string[]) => {
    const made = await scorerFromWeights(
      config,
      (g) => int8Weights(g, config, parameters, new Set(kept)),
      runtime,
    );
    const { inputs, targets } = fixture.batches[0];
    const { logProbabilities } = await made.score(inputs, targets, config.n_positions);
    await made.close();
    return logProbabilities;
  };
  const exact = await scorer(quantizableLayers(config));
  const mean = exact.reduce((a, b) => a + b, 0) / exact.length;
  assertLess(Math.abs(mean + fixture.loss), 1e-5);
  const rounded = await scorer(keep);
  return rounded.reduce((worst, value, i) => Math.max(worst, Math.abs(value - exact[i])), 0);
}

Deno.test("int8 is near float32, nearer the fewer layers are quantized, equal if none is", async () => {
  const all = await error([]);
  assert(all > 0);
  assertLess(all, 0.2);
  assertLess(await error(quantizableLayers(config).filter((name) => name !== "wte")), all);
  assertEquals(await error(quantizableLayers(config)), 0);
});
