// What may go wrong on a GPU in the middle of a run: it stops, the last checkpoint is whole, and a
// resumed run logs the losses of one that nothing happened to, bit by bit.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { GpuLostError, GpuValidationError } from "../../kernels/mod.ts";
import { readCheckpoint, readMoments } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import type { TrainingJob } from "../../pipeline/train/job.ts";
import { readLog } from "../../pipeline/train/log.ts";
import { train } from "../../pipeline/train/trainer.ts";
import { createWebGpuEngine } from "../../pipeline/train/webgpu_engine.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { tinyModel } from "./tiny_engine.ts";
import { tinyJob } from "./tiny_job.ts";

/** The devices that engines have asked for, so that a test can do to one what a driver would. */
const devices: GPUDevice[] = [];
const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...args) {
  const device = await request.apply(this, args);
  devices.push(device);
  return device;
};

const STEPS = 16, CHECKPOINT_INTERVAL = 5, FAILS_AT = 8;

/** `fail` is called once, when step 8 or a later one is done. */
function gpuJob(root: string, fail?: (device: GPUDevice) => void): TrainingJob {
  const job = tinyJob(root, {
    steps: STEPS,
    checkpointInterval: CHECKPOINT_INTERVAL,
    evalInterval: 6,
  });
  let failed = false;
  return {
    ...job,
    createEngine: (options) => createWebGpuEngine(options),
    observer: {
      ...job.observer,
      progress({ step }) {
        if (!fail || failed || step < FAILS_AT) return;
        failed = true;
        fail(devices.at(-1)!);
      },
    },
  };
}

const losses = async ({ paths }: TrainingJob) =>
  (await readLog(paths.log)).flatMap((entry) =>
    entry.kind === "train" || entry.kind === "validation"
      ? [[entry.kind, entry.step, entry.loss]]
      : []
  );

/** The losses of a run that nothing happens to. */
const calmLosses = Deno.makeTempDir().then(async (root) => {
  const job = gpuJob(root);
  await train(job);
  const all = await losses(job);
  await Deno.remove(root, { recursive: true });
  return all;
});

async function resumed(job: TrainingJob): Promise<TrainingJob> {
  const { parameters, state } = await readCheckpoint(job.paths.last);
  assert(state!.step >= CHECKPOINT_INTERVAL && state!.step < STEPS, `at step ${state!.step}`);
  return { ...job, parameters, state, moments: await readMoments(job.paths.last, tinyModel) };
}

const failures = [
  {
    name: "a lost device",
    fail: (device: GPUDevice) => device.destroy(),
    error: GpuLostError,
    message: "--resume",
  },
  {
    name: "a call that the device refuses",
    fail: (device: GPUDevice) => {
      device.createBuffer({ size: 2 ** 50, usage: GPUBufferUsage.STORAGE });
    },
    error: GpuValidationError,
    message: "The device refused a call",
  },
];

for (const { name, fail, error, message } of failures) {
  Deno.test(
    `${name} stops the run with its checkpoint intact; resumed, nothing is different`,
    inFolder(async (root) => {
      const expected = await calmLosses, struck = gpuJob(root, fail);
      await assertRejects(() => train(struck), error, message);
      await train(await resumed(gpuJob(root)));
      assertEquals(await losses(struck), expected);
    }),
  );
}

Deno.test(
  "a NaN on the device leads back to the last checkpoint, and is in the log",
  inFolder(async (root) => {
    const job = gpuJob(root);
    let poisoned = false;
    await train({
      ...job,
      async createEngine(options) {
        const engine = await createWebGpuEngine(options);
        return {
          ...engine,
          step(batches, step, learningRate) {
            const now = step === FAILS_AT && !poisoned;
            poisoned ||= now;
            return engine.step(batches, step, now ? NaN : learningRate);
          },
        };
      },
    });
    const log = await readLog(job.paths.log);
    const event = log.find((entry) => entry.kind === "event");
    assert(event?.kind === "event" && /loss is NaN; back to step \d+/.test(event.message));
    const { parameters, state } = await readCheckpoint(job.paths.last);
    assertEquals(state!.step, STEPS);
    assert([...parameters.values()].every((values) => values.every(Number.isFinite)));
  }),
);
