/** Where the time of a recording goes, by the device's own clock. */

import type { Program, RecordedDispatch } from "./recorder.ts";

/** Dispatches next to each other that are timed as one. */
interface Span {
  name: string;
  dispatches: RecordedDispatch[];
}

/**
 * Milliseconds by group of dispatches (`matmul`, `attention`, …), or by kernel. Runs the recording
 * once, with a pass per group instead of one for all. `null` where the adapter has no timestamps.
 */
export async function profile(
  program: Program,
  by: "group" | "label" = "group",
): Promise<Map<string, number> | null> {
  const { gpu } = program;
  if (!gpu.timestamps) return null;
  const spans = spansOf(program, by);
  const count = 2 * spans.length;
  const querySet = gpu.device.createQuerySet({ type: "timestamp", count });
  const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
  const resolved = gpu.device.createBuffer({ size: 8 * count, usage });
  const readable = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
  const staging = gpu.device.createBuffer({ size: 8 * count, usage: readable });
  const encoder = gpu.device.createCommandEncoder();
  spans.forEach(({ dispatches }, i) => {
    const pass = encoder.beginComputePass({
      timestampWrites: {
        querySet,
        beginningOfPassWriteIndex: 2 * i,
        endOfPassWriteIndex: 2 * i + 1,
      },
    });
    for (const { pipeline, bindGroup, workgroups } of dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
  });
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, 8 * count);
  gpu.device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  gpu.check();
  const times = new BigUint64Array(staging.getMappedRange().slice(0));
  for (const resource of [staging, resolved, querySet]) resource.destroy();
  const total = new Map<string, number>();
  spans.forEach(({ name }, i) => {
    const milliseconds = Number(times[2 * i + 1] - times[2 * i]) / 1e6;
    total.set(name, (total.get(name) ?? 0) + milliseconds);
  });
  return total;
}

function spansOf({ recorded }: Program, by: "group" | "label"): Span[] {
  const spans: Span[] = [];
  for (const item of recorded) {
    if (item.kind !== "dispatch") continue;
    const last = spans.at(-1);
    if (last?.name === item[by]) last.dispatches.push(item);
    else spans.push({ name: item[by], dispatches: [item] });
  }
  return spans;
}
