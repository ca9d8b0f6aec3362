/** The adapter's two roofs: multiply-adds in registers, and copying. */

import { Arena } from "../../../kernels/core/arena.ts";
import type { Gpu } from "../../../kernels/core/device.ts";
import { defineKernel } from "../../../kernels/core/kernel.ts";
import { spread } from "../../../kernels/core/recorder.ts";
import { bestTime, multiplyAddRoof } from "../../../kernels/core/roof.ts";
import copyWgsl from "./copy.wgsl" with { type: "text" };

/** What the adapter can do at best: floating point operations and bytes per second. */
export interface Roof {
  flops: number;
  bytes: number;
}

const copyKernel = defineKernel({
  label: "copy",
  code: copyWgsl,
  params: { n: "u32" },
  bindings: { inp: "read", out: "read_write" },
});

export async function measureRoof(gpu: Gpu, repeats: number): Promise<Roof> {
  const arena = new Arena();
  const bytes = gpu.software ? 1 << 26 : 1 << 27; // beyond any cache
  const inp = arena.tensor("roof", "inp", [bytes / 4]),
    out = arena.tensor("roof", "out", [bytes / 4]);
  arena.allocate(gpu);
  const copyTime = await bestTime(gpu, repeats, (recorder) =>
    recorder.dispatch(copyKernel, {
      params: { n: bytes / 16 },
      tensors: { inp, out },
      workgroups: spread(bytes / 16 / 64),
    }));
  arena.destroy();
  return { flops: await multiplyAddRoof(gpu, repeats), bytes: 2 * bytes / copyTime };
}
