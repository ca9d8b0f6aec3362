/**
 * `deno task bench kernels`: every op at the shapes of the presets, as a share of what the adapter
 * itself can do: multiply-adds for matmul and attention, copying for the rest. Times are the best of
 * some, by the device's clock. Results go to JSON, a roofline in SVG, and a table in Markdown that
 * can be pasted into kernels/BENCHMARKS.md.
 */

import { join } from "@std/path";
import { type Gpu, type Precision, requestGpu, tune } from "../../../kernels/mod.ts";
import { bestTime } from "../../../kernels/core/roof.ts";
import { planGpt2 } from "../../../kernels/model/plan.ts";
import { workspace } from "../../../pipeline/artifacts.ts";
import { writeAtomic, writeJson } from "../../../pipeline/lib/base/files.ts";
import { defineTask, Progress } from "../../../pipeline/lib/base/cli.ts";
import { type PresetName, presets } from "../../../pipeline/lib/gpt/config.ts";
import { parameterTable } from "../../../pipeline/lib/gpt/model/parameters.ts";
import { compareJaxJs, type JaxJs } from "./compare_jax_js.ts";
import { measureRoof, type Roof } from "./measure.ts";
import { operations } from "./operations.ts";
import { rooflineSvg } from "./roofline.ts";
import { jaxText, markdown, type Row, table } from "./table.ts";

export const task = defineTask({
  name: "bench kernels",
  summary: "Times every kernel against the adapter's own roof (an FMA kernel, a copy kernel).",
  flags: {
    preset: { type: "string", default: "nano", choices: Object.keys(presets), help: "the shapes" },
    precision: { type: "string", default: "f32", choices: ["f32", "f16"], help: "of products" },
    "vocab-size": { type: "integer", default: 4096, min: 2, help: "tokens of vocabulary" },
    batch: { type: "integer", min: 1, help: "sequences (default 64, on a software adapter 4)" },
    repeats: { type: "integer", default: 5, min: 1, help: "runs of each kernel; the best counts" },
    "no-autotune": { type: "boolean", help: "the adapter's usual tilings, none by measurement" },
    "jax-js": { type: "boolean", help: "the first product by jax-js, too (fetches it from npm)" },
  },
  examples: ["deno task bench kernels --preset gpt2 --vocab-size 50304 --batch 8"],
  async run({ data, preset, precision, vocabSize, batch, repeats, noAutotune, jaxJs }) {
    const gpu = await requestGpu();
    const sequences = batch ?? (gpu.software ? 4 : 64);
    const title = `${gpu.name}, ${preset}, ${precision}, ${sequences} sequences, ` +
      `vocabulary ${vocabSize}`;
    console.log(title);
    const roof = await measureRoof(gpu, repeats);
    console.log(
      `roof: ${giga(roof.flops)} GFLOP/s of multiply-adds, ${giga(roof.bytes)} GB/s of copying`,
    );
    const settings = {
      preset: preset as PresetName,
      precision: precision as Precision,
      vocabSize,
      batch: sequences,
      repeats,
      autotune: !noAutotune,
    };
    const rows = await measure(gpu, roof, settings);
    console.log(table(rows));
    const jax = jaxJs ? await compareJaxJs(rows[0], repeats) : undefined;
    if (jax) console.log(jaxText(jax));
    const report = join(workspace(data).root, "reports", "bench", `kernels-${preset}-${precision}`);
    await write(report, { title, adapter: gpu.name, settings, roof, rows, jax });
    console.log(`\nWritten to ${report}.json, .svg and .md`);
    gpu.destroy();
  },
});

interface Settings {
  preset: PresetName;
  precision: Precision;
  vocabSize: number;
  batch: number;
  repeats: number;
  autotune: boolean;
}

/** One block of the model is enough: all have the same shapes. */
async function measure(gpu: Gpu, roof: Roof, settings: Settings): Promise<Row[]> {
  const { preset, precision, vocabSize, batch, repeats, autotune } = settings;
  const shape = { ...presets[preset].model, vocab_size: vocabSize, n_layer: 1 };
  const options = { shape, table: parameterTable(shape), batch, precision };
  if (autotune) await tune(gpu, options, {});
  const plan = planGpt2(options);
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

interface Report {
  title: string;
  adapter: string;
  settings: Settings;
  roof: Roof;
  rows: Row[];
  jax?: JaxJs;
}

async function write(path: string, report: Report): Promise<void> {
  const { title, adapter, settings, roof, rows, jax } = report;
  const versions = { deno: Deno.version.deno, os: `${Deno.build.os} ${Deno.build.arch}` };
  await writeJson(`${path}.json`, { adapter, versions, ...settings, roof, rows, jax });
  const points = rows.filter(({ unit }) => unit === "GFLOP/s").map((row) => ({
    name: row.operation,
    intensity: row.intensity,
    flops: row.rate * 1e9,
  }));
  await writeAtomic(`${path}.svg`, rooflineSvg(title, roof, points));
  await writeAtomic(`${path}.md`, markdown({ title, versions, roof, rows, jax }));
}

const giga = (value: number) => (value / 1e9).toFixed(1);
