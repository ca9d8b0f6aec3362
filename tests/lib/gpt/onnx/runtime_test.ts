import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { loadRuntime, physicalCores } from "../../../../pipeline/lib/gpt/onnx/runtime.ts";
import { scorerFromTensors } from "../../../../pipeline/lib/gpt/onnx/scorer.ts";
import { loadGpt2Fixture } from "../../../helpers/gpt2_fixture.ts";

Deno.test("without the native binary a warning is given and WebAssembly computes the same", async () => {
  const warnings: string[] = [];
  const runtime = await loadRuntime({
    loadNative: () => Promise.reject(new Error("no prebuilt binary\nstack")),
    warn: (message) => warnings.push(message),
  });
  assertEquals(warnings.length, 1);
  assertMatch(warnings[0], /onnxruntime-node does not load .*\(no prebuilt binary\).*WebAssembly/);
  assertEquals(runtime.native, false);
  const fixture = loadGpt2Fixture();
  const scorer = await scorerFromTensors(fixture.config, fixture.parameters, runtime);
  const { inputs, targets } = fixture.batches[0];
  const scores = await scorer.score(inputs, targets, fixture.config.n_positions);
  const mean = scores.logProbabilities.reduce((a, b) => a + b, 0) / targets.length;
  assertLess(Math.abs(mean + fixture.loss), 1e-5);
  await scorer.close();
});

Deno.test("threads default to the physical cores", async () => {
  const cores = physicalCores();
  assert(cores >= 1 && cores <= navigator.hardwareConcurrency);
  assertEquals((await loadRuntime()).threads, cores);
  assertEquals((await loadRuntime({ threads: 1 })).threads, 1);
});
