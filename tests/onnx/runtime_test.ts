import { assert, assertEquals, assertLess, assertMatch, assertNotEquals } from "@std/assert";
import { workerGraph } from "../../pipeline/onnx/decoder_graph.ts";
import { loadRuntime, physicalCores, type Runtime } from "../../pipeline/onnx/runtime.ts";
import { scorerFromTensors } from "../../pipeline/onnx/scorer.ts";
import { float32Weights } from "../../pipeline/onnx/weights.ts";
import { loadGpt2Fixture } from "../helpers/gpt2_fixture.ts";

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
  const scorer = await scorerFromTensors(fixture.config, fixture.parameters, { runtime });
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

Deno.test("an optimized graph computes the same, natively and in WebAssembly", async () => {
  const { config, parameters } = loadGpt2Fixture();
  const native = await loadRuntime({ threads: 1 });
  const webAssembly = await loadRuntime({
    loadNative: () => Promise.reject(new Error("none")),
    warn: () => {},
  });
  const file = workerGraph(config, (g) => float32Weights(g, config, parameters));
  const optimized = await native.optimize(file);
  assertNotEquals(optimized, file);
  assertEquals(await webAssembly.optimize(file), file);
  const logits = async (runtime: Runtime, model: Uint8Array, level: "all" | "disabled") => {
    const session = await runtime.createSession(model, { graphOptimizationLevel: level });
    const int64 = (values: number[]) =>
      new runtime.Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
    const dims = [1, config.n_head, 0, config.n_embd / config.n_head];
    const empty = session.inputNames.filter((name) => name.startsWith("past"))
      .map((name) => [name, new runtime.Tensor("float32", new Float32Array(0), dims)]);
    const results = await session.run({
      input_ids: int64([5, 6, 7]),
      position_ids: int64([0, 1, 2]),
      attention_mask: int64([1, 1, 1]),
      ...Object.fromEntries(empty),
    });
    await session.release();
    return [...results.logits.data as Float32Array];
  };
  const expected = await logits(native, file, "all");
  assertEquals(expected.length, config.vocab_size);
  for (const runtime of [native, webAssembly]) {
    const actual = await logits(runtime, optimized, "disabled");
    actual.forEach((value, i) => assertLess(Math.abs(value - expected[i]), 1e-5));
  }
});
