/** What an adapter can compute at best: the measure of a kernel, and of a training run. */

import { Arena } from "./arena.ts";
import type { Gpu } from "./device.ts";
import { defineKernel } from "./kernel.ts";
import { profile } from "./profile.ts";
import { type Program, Recorder } from "./recorder.ts";
import fmaWgsl from "./fma.wgsl" with { type: "text" };

const fmaKernel = defineKernel({
  label: "fma",
  code: fmaWgsl,
  params: {},
  bindings: { out: "read_write" },
});

/** 64 rounds × 8 chains × 4 steps × 4 lanes × 2 operations. */
const FLOPS_PER_INVOCATION = 64 * 8 * 4 * 4 * 2;

/** Floating-point operations per second of nothing but float32 multiply-adds in registers. */
export async function multiplyAddRoof(gpu: Gpu, repeats = 3): Promise<number> {
  const arena = new Arena();
  const invocations = gpu.software ? 1 << 14 : 1 << 20;
  const out = arena.tensor("roof", "out", [invocations * 4]);
  arena.allocate(gpu);
  const seconds = await bestTime(gpu, repeats, (recorder) =>
    recorder.dispatch(fmaKernel, {
      params: {},
      tensors: { out },
      workgroups: [invocations / 64],
    }));
  arena.destroy();
  return invocations * FLOPS_PER_INVOCATION / seconds;
}

/** Seconds of what `record` records, the best of `repeats` after one for warming up. */
export async function bestTime(
  gpu: Gpu,
  repeats: number,
  record: (recorder: Recorder) => void,
): Promise<number> {
  const recorder = new Recorder(gpu);
  record(recorder);
  const program = await recorder.finish();
  let best = Infinity;
  for (let i = 0; i <= repeats; i++) {
    const seconds = await timeOnce(gpu, program);
    if (i > 0) best = Math.min(best, seconds);
  }
  program.destroy();
  return best;
}

/** By the device's clock where it has one; else by ours, less nothing: good for long kernels only. */
async function timeOnce(gpu: Gpu, program: Program): Promise<number> {
  const times = await profile(program);
  if (times) return [...times.values()].reduce((a, b) => a + b, 0) / 1000;
  const start = performance.now();
  program.submit();
  await gpu.device.queue.onSubmittedWorkDone();
  return (performance.now() - start) / 1000;
}
