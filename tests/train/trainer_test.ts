import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ArtifactError } from "../../pipeline/lib/base/files.ts";
import { readCheckpoint, readMoments } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { readLog } from "../../pipeline/train/log.ts";
import type { TrainingJob } from "../../pipeline/train/job.ts";
import { train } from "../../pipeline/train/trainer.ts";
import { createTinyEngine } from "./tiny_engine.ts";
import { tinyJob } from "./tiny_job.ts";
import { inFolder } from "../helpers/in_folder.ts";

/** What must be the same in two runs that are the same: all but the clock. */
const losses = async (job: TrainingJob) =>
  (await readLog(job.paths.log)).flatMap((entry) =>
    entry.kind === "event" ? [] : [[entry.kind, entry.step, entry.loss]]
  );

/** The same job, going on from its last checkpoint. */
async function resumed(job: TrainingJob): Promise<TrainingJob> {
  const { parameters, state } = await readCheckpoint(job.paths.last);
  return { ...job, parameters, state, moments: await readMoments(job.paths.last, job.model) };
}

Deno.test(
  "training lowers the validation loss, logs every step, keeps the last and the best checkpoint",
  inFolder(async (folder) => {
    const job = tinyJob(folder);
    const result = await train(job);
    assertEquals([result.outcome, result.state.step], ["finished", 60]);
    const log = await readLog(job.paths.log);
    const steps = log.filter((entry) => entry.kind === "train");
    assertEquals(steps.map((entry) => entry.step), Array.from({ length: 60 }, (_, i) => i + 1));
    assertEquals(steps[59].tokens, 60 * 4 * 2 * 8);
    const validations = log.filter((entry) => entry.kind === "validation");
    assertEquals(validations.map((entry) => entry.step), [0, 10, 20, 30, 40, 50, 60]);
    assertLess(result.loss, validations[0].loss - 0.5);
    const best = await readCheckpoint(job.paths.best);
    assertEquals(best.state!.bestLoss, Math.min(...validations.map((entry) => entry.loss)));
    assertEquals((await readCheckpoint(job.paths.last)).state!.step, 60);
  }),
);

Deno.test(
  "a run interrupted anywhere and resumed logs the same losses bit by bit",
  inFolder(async (folder) => {
    const whole = tinyJob(join(folder, "whole"));
    await train(whole);
    for (const stopAfter of [1, 13, 14, 40]) {
      const job = tinyJob(join(folder, `stopped-${stopAfter}`));
      const controller = new AbortController();
      const first = await train({
        ...job,
        signal: controller.signal,
        createEngine: (options) =>
          createTinyEngine(options, (metrics) => {
            if (metrics.step === stopAfter) controller.abort();
            return metrics;
          }),
      });
      assertEquals([first.outcome, first.state.step], ["interrupted", stopAfter]);
      assertEquals((await train(await resumed(job))).outcome, "finished");
      assertEquals(await losses(job), await losses(whole));
      assertEquals(
        (await readCheckpoint(job.paths.last)).parameters,
        (await readCheckpoint(whole.paths.last)).parameters,
      );
    }
  }),
);

Deno.test(
  "without its moments a resumed run would go another way: the test above can fail",
  inFolder(async (folder) => {
    const whole = tinyJob(join(folder, "whole"));
    await train(whole);
    const job = tinyJob(join(folder, "cut"), { steps: 60 });
    const controller = new AbortController();
    const observer = {
      ...job.observer,
      progress: (state: { step: number }) => {
        if (state.step >= 20) controller.abort();
      },
    };
    await train({ ...job, observer, signal: controller.signal });
    await train({ ...await resumed(job), moments: undefined });
    assert((await losses(job)).at(-1)![2] !== (await losses(whole)).at(-1)![2]);
  }),
);

Deno.test(
  "a NaN loss takes the run back to its checkpoint and leaves out the batch",
  inFolder(async (folder) => {
    const messages: string[] = [];
    const job = tinyJob(folder);
    let bad: string | undefined;
    const result = await train({
      ...job,
      observer: { ...job.observer, message: (text) => messages.push(text) },
      createEngine: (options) =>
        createTinyEngine(options, (metrics, batches) => {
          const batch = batches[0].inputs.join();
          if (metrics.step === 17) bad ??= batch;
          return batch === bad ? { ...metrics, loss: NaN } : metrics;
        }),
    });
    assertEquals([result.outcome, result.state.step], ["finished", 60]);
    assertEquals(messages, ["step 17: loss is NaN; back to step 14 without its batch"]);
    assertEquals(result.state.skipped.length, 1);
    const log = await readLog(job.paths.log);
    assertEquals(log.filter((entry) => entry.kind === "event").map((entry) => entry.step), [14]);
    assertEquals(log.filter((entry) => entry.kind === "train").length, 60);
  }),
);

Deno.test(
  "a gradient norm far above its mean is a spike; the third one halves the learning rate",
  inFolder(async (folder) => {
    const messages: string[] = [];
    const bad = new Set<string>();
    const job = tinyJob(folder, { steps: 70 });
    const result = await train({
      ...job,
      observer: { ...job.observer, message: (text) => messages.push(text) },
      createEngine: (options) =>
        createTinyEngine(options, (metrics, batches) => {
          const batch = batches[0].inputs.join();
          if (metrics.step === 60 && bad.size < 3) bad.add(batch);
          return bad.has(batch) ? { ...metrics, gradNorm: 1000 } : metrics;
        }),
    });
    assertEquals(messages.length, 3);
    assert(/^step 60: gradient norm 1\.00e\+3 is over 10 times its mean/.test(messages[0]));
    assert(messages[2].endsWith("learning rate × 0.5"), messages[2]);
    assertEquals(result.state.learningRateScale, 0.5);
    const log = await readLog(job.paths.log);
    const rates = log.filter((entry) => entry.kind === "train").map((entry) => entry.learningRate);
    assertLess(rates[60], rates[50] * 0.6);
  }),
);

Deno.test(
  "a run that never recovers ends with advice",
  inFolder(async (folder) => {
    const job = tinyJob(folder);
    await assertRejects(
      () =>
        train({
          ...job,
          createEngine: (options) =>
            createTinyEngine(options, (metrics) => ({ ...metrics, loss: NaN })),
        }),
      RangeError,
      "lower --learning-rate than 0.03",
    );
  }),
);

Deno.test(
  "patience ends a run that has stopped improving, at a checkpoint",
  inFolder(async (folder) => {
    // So small a rate that weights round to themselves: no validation beats the first.
    const job = tinyJob(folder, { learningRate: 1e-30, minLearningRate: 0, patience: 2 });
    const result = await train(job);
    assertEquals([result.outcome, result.state.step], ["early stop", 20]);
    assertEquals((await readCheckpoint(job.paths.last)).state!.step, 20);
    assertEquals(result.state.bestStep, 0);
  }),
);

Deno.test(
  "a checkpoint that cannot be written ends the run before its first step, saying why",
  inFolder(async (folder) => {
    const job = tinyJob(folder);
    await Deno.writeTextFile(join(folder, "file"), "");
    const error = await assertRejects(
      () => train({ ...job, paths: { ...job.paths, last: join(folder, "file", "last") } }),
      ArtifactError,
      "Cannot write checkpoint",
    );
    assert(error.message.includes("Not a directory"), error.message);
    assertEquals((await readLog(job.paths.log)).filter(({ kind }) => kind === "train").length, 0);
  }),
);

Deno.test(
  "data shorter than a window is refused with the numbers",
  inFolder(async (folder) => {
    const job = { ...tinyJob(folder), tokens: new Uint16Array(8) };
    await assertRejects(
      () => train(job),
      ArtifactError,
      "train.bin: 8 tokens, expected at least 9",
    );
  }),
);
