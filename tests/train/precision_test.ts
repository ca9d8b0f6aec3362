// `--precision f16` from the command line to the checkpoint.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GpuFeatureError } from "../../kernels/mod.ts";
import type { EngineOptions } from "../../pipeline/train/engine.ts";
import { createWebGpuEngine } from "../../pipeline/train/webgpu_engine.ts";
import { readLog } from "../../pipeline/train/log.ts";
import { train } from "../../pipeline/train/trainer.ts";
import { loadGpt2Fixture } from "../helpers/gpt2_fixture.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { createTinyEngine } from "./tiny_engine.ts";
import { tinyJob } from "./tiny_job.ts";

const fixture = loadGpt2Fixture();
const { batches, learning_rates, optimizer } = fixture;
const start: EngineOptions = {
  model: { ...fixture.config, resid_pdrop: 0.1 },
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
const adapter = await navigator.gpu.requestAdapter();

/** Losses of steps `from + 1` to `to`, and the state after them. */
async function run(options: EngineOptions, from: number, to: number) {
  const engine = await createWebGpuEngine(options, { precision: "f16" });
  try {
    for (let i = from; i < to; i++) await engine.step([batches[i]], i + 1, learning_rates[i]);
    return { metrics: await engine.metrics(), state: await engine.state(), engine };
  } finally {
    await engine.close();
  }
}

if (adapter!.features.has("shader-f16")) {
  Deno.test("a run in f16 goes on bit by bit where it stopped, the loss scale included", async () => {
    const overflowing = { ...start, lossScale: { scale: 2 ** 23, steps: 3 } };
    const whole = await run(overflowing, 0, 10);
    const { parameters, lossScale, ...moments } = (await run(overflowing, 0, 5)).state;
    const rest = await run({ ...start, parameters, moments, lossScale }, 5, 10);
    assertEquals(rest.metrics, whole.metrics.slice(5));
    assertEquals(rest.state, whole.state);
    assertEquals(whole.metrics[0].skipped, true);
    assert(lossScale!.scale < 2 ** 23 && whole.metrics.some(({ skipped }) => !skipped));
    assertEquals(whole.engine.precision, "f16");
    assertStringIncludes(whole.engine.description, ", f16");
  });
} else {
  Deno.test("an adapter without f16 is named, and what to do", async () => {
    await assertRejects(() => run(start, 0, 1), GpuFeatureError, "leave --precision out");
  });
}

Deno.test(
  "the loop notes a step that overflowed and goes on, the first one too",
  inFolder(async (root) => {
    const job = tinyJob(root, { steps: 12 });
    const told: (number | null)[] = [];
    const { outcome } = await train({
      ...job,
      createEngine: (options) =>
        createTinyEngine(
          options,
          (metrics) =>
            metrics.step === 1 || metrics.step === 8
              ? { ...metrics, gradNorm: Infinity, skipped: true }
              : metrics,
        ),
      observer: { ...job.observer, progress: ({ smoothedLoss }) => told.push(smoothedLoss) },
    });
    assertEquals(outcome, "finished");
    assert(told.every((loss) => Number.isFinite(loss)));
    const log = await readLog(job.paths.log);
    const events = log.filter((entry) => entry.kind === "event");
    assertEquals(events.map(({ step }) => step), [1, 8]);
    assertStringIncludes(events[0].message, "overflowed in f16");
    const trained = log.filter(({ kind }) => kind === "train").map(({ step }) => step);
    assertEquals(trained, [2, 3, 4, 5, 6, 7, 9, 10, 11, 12]);
  }),
);

for (
  const [args, message] of [
    [["--precision", "f16"], "--precision needs --gpu"],
    [["--gpu", "--precision", "f16", "--kernels", "portable"], "leave out --kernels portable"],
    [["--gpu", "--precision", "bf16"], "--precision"],
  ] as const
) {
  Deno.test(`train ${args.join(" ")} is bad usage`, async () => {
    const main = new URL("../../pipeline/train/main.ts", import.meta.url).pathname;
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "-A", main, ...args],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 2);
    assertStringIncludes(new TextDecoder().decode(stderr), message);
  });
}
