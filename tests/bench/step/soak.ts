/** Many steps of a tiny model, and what memory the process has gained by the end. */

import { Gpt2, type Gpu } from "../../../kernels/mod.ts";
import { bytes } from "../../../pipeline/lib/base/cli.ts";
import { presets } from "../../../pipeline/lib/gpt/config.ts";
import { initialParameters } from "../../../pipeline/lib/gpt/model/init.ts";
import { parameterTable } from "../../../pipeline/lib/gpt/model/parameters.ts";

const shape = {
  ...presets.micro.model,
  vocab_size: 64,
  n_positions: 16,
  n_embd: 16,
  n_layer: 1,
  n_head: 2,
};

/** Resident memory after every tenth of the steps: it may rise at first, and must level off. */
export interface Soak {
  steps: number;
  resident: number[];
  text: string;
}

export async function soak(gpu: Gpu, steps: number): Promise<Soak> {
  const table = parameterTable(shape), batch = 2;
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
  const model = Gpt2.create(gpu, { shape, table, batch, optimizer });
  await model.setParameters(initialParameters(shape, 1));
  const tokens = Int32Array.from({ length: batch * shape.n_positions }, (_, i) => i % 64);
  const resident: number[] = [];
  for (let step = 1; step <= steps; step++) {
    await model.step([{ inputs: tokens, targets: tokens }], {
      step,
      learningRate: 1e-4,
      seed: step,
    });
    if (step % 50 === 0) await model.metrics();
    if (step % Math.ceil(steps / 10) === 0) resident.push(Deno.memoryUsage().rss);
  }
  await model.metrics();
  await model.destroy();
  const text = `resident after every tenth ${resident.map(bytes).join(", ")}`;
  return { steps, resident, text };
}
