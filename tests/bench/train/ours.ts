/** One side of `deno task bench train`: our CPU engine in a process of its own. Prints one JSON line. */

import { cpuUsage, resourceUsage } from "node:process";
import { initialParameters } from "../../../pipeline/lib/gpt/model/init.ts";
import { Random } from "../../../pipeline/lib/base/random.ts";
import { createCpuEngine } from "../../../pipeline/train/cpu_engine.ts";
import type { Batch } from "../../../pipeline/train/engine.ts";
import { measureCopies } from "./copies.ts";
import type { Job, Measurement } from "./main.ts";

const job: Job = JSON.parse(Deno.args[0]);
const { model, train, batch, threads, warmup, steps } = job;
const engine = await createCpuEngine({
  model,
  train: { ...train, batchSize: batch },
  parameters: initialParameters(model, 1),
  threads,
});
const random = new Random(1);

function randomBatch(): Batch {
  const draw = () => random.below(model.vocab_size);
  const tokens = () => Int32Array.from({ length: batch * model.n_positions }, draw);
  return { inputs: tokens(), targets: tokens() };
}

const seconds: number[] = [], cpuSeconds: number[] = [];
for (let step = 1; step <= warmup + steps; step++) {
  const micro = randomBatch();
  const start = performance.now(), before = cpuUsage();
  await engine.step([micro], step, 1e-3);
  await engine.metrics();
  const { user, system } = cpuUsage(before);
  if (step <= warmup) continue;
  seconds.push((performance.now() - start) / 1000);
  cpuSeconds.push((user + system) / 1e6);
}
const result: Measurement = {
  seconds,
  cpu_seconds: cpuSeconds,
  peak: resourceUsage().maxRSS * 1024,
  version: engine.description,
};
await engine.close();
if (job.copies) result.copies = await measureCopies(job);
console.log(JSON.stringify(result));
