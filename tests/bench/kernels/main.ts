/**
 * `deno task bench kernels`: every op at the shapes of the presets, as a share of what the adapter
 * itself can do: multiply-adds for matmul and attention, copying for the rest. Times are the best of
 * some, by the device's clock.
 */

import { join } from "@std/path";
import { type Gpu, requestGpu } from "../../../kernels/core/device.ts";
import { planGpt2 } from "../../../kernels/model/plan.ts";
import { workspace, writeAtomic, writeJson } from "../../../pipeline/artifacts.ts";
import { defineTask, Progress } from "../../../pipeline/cli.ts";
import { type PresetName, presets } from "../../../pipeline/config.ts";
import { parameterTable } from "../../../pipeline/model/parameters.ts";
import { bestTime } from "../../../kernels/core/roof.ts";
import { measureRoof, type Roof } from "./measure.ts";
import { operations } from "./operations.ts";
import { rooflineSvg } from "./roofline.ts";

interface Row {
  preset: string;
  operation: string;
  milliseconds: number;
  /** GFLOP/s where the op computes, GB/s where it only moves memory. */
  rate: number;
  unit: "GFLOP/s" | "GB/s";
  /** Of the adapter's own roof. */
  share: number;
  /** Operations per byte. */
  intensity: number;
}

export const task = defineTask({
  name: "bench kernels",
  summary: "Times every kernel against the adapter's own roof (an FMA kernel, a copy kernel).",
  flags: {
    preset: { type: "string", default: "nano", choices: Object.keys(presets), help: "the shapes" },
    "vocab-size": { type: "integer", default: 4096, min: 2, help: "tokens of vocabulary" },
    batch: { type: "integer", min: 1, help: "sequences (default 64, on a software adapter 4)" },
    repeats: { type: "integer", default: 5, min: 1, help: "runs of each kernel; the best counts" },
  },
  examples: ["deno task bench kernels --preset gpt2 --vocab-size 50304 --batch 8"],
  async run({ data, preset, vocabSize, batch, repeats }) {
    const gpu = await requestGpu();
    const sequences = batch ?? (gpu.software ? 4 : 64);
    console.log(`${gpu.name}, ${preset}, ${sequences} sequences, vocabulary ${vocabSize}`);
    const roof = await measureRoof(gpu, repeats);
    console.log(
      `roof: ${giga(roof.flops)} GFLOP/s of multiply-adds, ${giga(roof.bytes)} GB/s of copying`,
    );
    const settings = { preset: preset as PresetName, vocabSize, batch: sequences, repeats };
    const rows = await measure(gpu, roof, settings);
    print(rows);
    const report = join(workspace(data).root, "reports", "bench", `kernels-${preset}`);
    await writeJson(`${report}.json`, { adapter: gpu.name, ...settings, roof, rows });
    const points = rows.filter(({ unit }) => unit === "GFLOP/s").map((row) => ({
      name: row.operation,
      intensity: row.intensity,
      flops: row.rate * 1e9,
    }));
    await writeAtomic(`${report}.svg`, rooflineSvg(`${gpu.name}, ${preset}`, roof, points));
    console.log(`\nWritten to ${report}.json and .svg`);
    gpu.destroy();
  },
});

interface Settings {
  preset: PresetName;
  vocabSize: number;
  batch: number;
  repeats: number;
}

/** One block of the model is enough: all have the same shapes. */
async function measure(gpu: Gpu, roof: Roof, settings: Settings): Promise<Row[]> {
  const { preset, vocabSize, batch, repeats } = settings;
  const shape = { ...presets[preset].model, vocab_size: vocabSize, n_layer: 1 };
  const plan = planGpt2({ shape, table: parameterTable(shape), batch });
  plan.arena.allocate(gpu);
  const list = operations(plan);
  const progress = new Progress("bench", list.length, "ops");
  const rows: Row[] = [];
  for (const [i, { name, flops, bytes, record }] of list.entries()) {
    progress.update(i, name);
    const seconds = await bestTime(gpu, repeats, record);
    const [work, limit] = flops > 0 ? [flops, roof.flops] : [bytes, roof.bytes];
    rows.push({
      preset,
      operation: name,
      milliseconds: seconds * 1e3,
      rate: work / seconds / 1e9,
      unit: flops > 0 ? "GFLOP/s" : "GB/s",
      share: work / seconds / limit,
      intensity: flops / bytes,
    });
  }
  progress.finish(`${list.length} ops`);
  plan.arena.destroy();
  return rows;
}

function print(rows: Row[]): void {
  const width = Math.max(...rows.map(({ operation }) => operation.length));
  for (const { operation, milliseconds, rate, unit, share } of rows) {
    console.log(
      [
        operation.padEnd(width),
        `${milliseconds.toFixed(3).padStart(10)} ms`,
        `${rate.toFixed(1).padStart(9)} ${unit.padEnd(7)}`,
        `${(100 * share).toFixed(0).padStart(4)}% of the roof`,
      ].join("  "),
    );
  }
}

const giga = (value: number) => (value / 1e9).toFixed(1);
