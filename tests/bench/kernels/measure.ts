/** Times recordings, and the adapter's two roofs: multiply-adds in registers, and copying. */

import { Arena } from "../../../kernels/core/arena.ts";
import type { Gpu } from "../../../kernels/core/device.ts";
import { defineKernel } from "../../../kernels/core/kernel.ts";
import { profile } from "../../../kernels/core/profile.ts";
import { type Program, Recorder, spread } from "../../../kernels/core/recorder.ts";
import fmaWgsl from "./fma.wgsl" with { type: "text" };
import copyWgsl from "./copy.wgsl" with { type: "text" };

/** What the adapter can do at best: floating point operations and bytes per second. */
export interface Roof {
  flops: number;
  bytes: number;
}

const fmaKernel = defineKernel({
  label: "fma",
  code: fmaWgsl,
  params: {},
  bindings: { out: "read_write" },
});

const copyKernel = defineKernel({
  label: "copy",
  code: copyWgsl,
  params: { n: "u32" },
  bindings: { inp: "read", out: "read_write" },
});

/** 64 rounds × 8 chains × 4 steps × 4 lanes × 2 operations. */
const FMA_FLOPS_PER_INVOCATION = 64 * 8 * 4 * 4 * 2;

export async function measureRoof(gpu: Gpu, repeats: number): Promise<Roof> {
  const arena = new Arena();
  const invocations = gpu.software ? 1 << 14 : 1 << 20;
  const bytes = gpu.software ? 1 << 26 : 1 << 27; // beyond any cache
  const inp = arena.tensor("roof", "inp", [bytes / 4]),
    out = arena.tensor("roof", "out", [bytes / 4]);
  arena.allocate(gpu);
  const fmaTime = await bestTime(gpu, repeats, (recorder) =>
    recorder.dispatch(fmaKernel, {
      params: {},
      tensors: { out: out.view([invocations * 4]) },
      workgroups: [invocations / 64],
    }));
  const copyTime = await bestTime(gpu, repeats, (recorder) =>
    recorder.dispatch(copyKernel, {
      params: { n: bytes / 16 },
      tensors: { inp, out },
      workgroups: spread(bytes / 16 / 64),
    }));
  arena.destroy();
  return {
    flops: invocations * FMA_FLOPS_PER_INVOCATION / fmaTime,
    bytes: 2 * bytes / copyTime,
  };
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
