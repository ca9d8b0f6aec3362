/**
 * `deno task bench train`: a training step of our CPU engine beside PyTorch's and llm.c's, on the
 * same shape, in turn, each in a process of its own. Wall time is what counts; CPU time says more
 * on a machine that does other things as well.
 */

import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { bytes, defineTask, format } from "../../../pipeline/lib/base/cli.ts";
import {
  type GptConfig,
  type OptimizerName,
  optimizers,
  type PresetName,
  presets,
  type TrainConfig,
} from "../../../pipeline/lib/gpt/config.ts";
import { median } from "../../helpers/quantile.ts";
import type { Copies } from "./copies.ts";
import { prepareLlmc } from "./llmc.ts";

/** What every side is told to do. */
export interface Job {
  model: GptConfig;
  train: TrainConfig;
  batch: number;
  threads: number;
  warmup: number;
  steps: number;
  /** Whether to measure what handing over the results costs: 14 more steps. */
  copies: boolean;
}

/** What every side answers. */
export interface Measurement {
  /** Wall and CPU time of each step. */
  seconds: number[];
  cpu_seconds: number[];
  /** Most resident memory, in bytes. */
  peak: number;
  version: string;
  /** Ours only. */
  copies?: Copies;
}

type Side = (job: Job) => Deno.Command;

export const task = defineTask({
  name: "bench train",
  summary: "Times a training step on the CPU beside PyTorch and llm.c.",
  flags: {
    preset: { type: "string", default: "nano", choices: Object.keys(presets), help: "the shape" },
    "vocab-size": { type: "integer", default: 2048, min: 2, help: "tokens of vocabulary" },
    batch: { type: "integer", default: 8, min: 1, help: "sequences per step" },
    dropout: { type: "boolean", help: "with the preset's dropout; llm.c has none" },
    optimizer: {
      type: "string",
      default: "adamw",
      choices: optimizers,
      help: "of our step; the others' is AdamW",
    },
    threads: { type: "integer", default: 2, min: 1, help: "threads of each side" },
    steps: {
      type: "integer",
      default: 10,
      min: 1,
      help: "timed steps in a round, after one untimed",
    },
    "without-copies": {
      type: "boolean",
      help: "leave out what handing over the results costs (14 more steps a round)",
    },
    rounds: { type: "integer", default: 3, min: 1, help: "turns of each side" },
    python: { type: "string", placeholder: "PATH", help: "a Python with torch and transformers" },
    llmc: { type: "string", placeholder: "DIR", help: "a folder with llm.c's train_gpt2.c" },
  },
  examples: ["deno task bench train --python python3 --llmc ~/llm.c"],
  async run({ data, preset, vocabSize, batch, dropout, optimizer, threads, steps, ...flags }) {
    const { rounds, python, llmc, withoutCopies } = flags;
    const { model, train } = presets[preset as PresetName];
    const none = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 };
    const job: Job = {
      model: { ...model, ...(dropout ? {} : none), vocab_size: vocabSize },
      train: { ...train, optimizer: optimizer as OptimizerName },
      batch,
      threads,
      warmup: 1,
      steps,
      copies: !withoutCopies,
    };
    const folder = await Deno.makeTempDir({ prefix: "bench_train_" });
    try {
      const sides = await prepare(job, folder, { python, llmc });
      const measured = await measure(sides, job, rounds);
      const rows = tabulate(measured, batch * model.n_positions);
      console.table(rows);
      const copies = measured.get("ours")!.flatMap((round) => round.copies ?? []);
      if (copies.length > 0) console.log(copiesLine(copies));
      const out = join(workspace(data).root, "reports", "bench", "train.json");
      await writeJson(out, { job, rounds, rows, measured: Object.fromEntries(measured) });
      console.log(`Wrote ${out}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function prepare(
  job: Job,
  folder: string,
  { python, llmc }: { python?: string; llmc?: string },
): Promise<Map<string, Side>> {
  const path = (name: string) => new URL(name, import.meta.url).pathname;
  const sides = new Map<string, Side>([[
    "ours",
    (job) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", path("./ours.ts"), JSON.stringify(job)],
      }),
  ]]);
  if (python) {
    const script = path("../../oracle/bench_train.py");
    sides.set(
      "PyTorch",
      (job) => new Deno.Command(python, { args: [script, JSON.stringify(job)] }),
    );
  }
  if (llmc) {
    const program = await prepareLlmc(llmc, folder, job.model);
    sides.set("llm.c", ({ batch, warmup, steps, threads }) =>
      new Deno.Command(program, {
        args: [join(folder, "model.bin"), `${batch}`, `${warmup}`, `${steps}`],
        env: { OMP_NUM_THREADS: `${threads}` },
      }));
  }
  return sides;
}

/** Each side's measurements, round by round, in turn. */
async function measure(
  sides: Map<string, Side>,
  job: Job,
  rounds: number,
): Promise<Map<string, Measurement[]>> {
  const measured = new Map([...sides.keys()].map((name): [string, Measurement[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, side] of sides) {
      const { success, stdout, stderr } = await side(job).output();
      if (!success) {
        throw new Error(`Cannot time ${name}: ${new TextDecoder().decode(stderr).trim()}`);
      }
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      measured.get(name)!.push(JSON.parse(lines[lines.length - 1]));
    }
  }
  return measured;
}

function copiesLine(rounds: Copies[]): string {
  const all = median(rounds.map((round) => round.all));
  const scalars = median(rounds.map((round) => round.scalars));
  const share = 100 * (all - scalars) / all;
  return `Of our step, handing ${bytes(rounds[0].bytes)} of outputs to JavaScript: ` +
    `${((all - scalars) * 1000).toFixed(0)} of ${(all * 1000).toFixed(0)} ms (${
      share.toFixed(1)
    }%)`;
}

function tabulate(measured: Map<string, Measurement[]>, tokens: number) {
  const figures = [...measured].map(([name, rounds]) => ({
    name,
    seconds: median(rounds.flatMap(({ seconds }) => seconds)),
    cpu: median(rounds.flatMap(({ cpu_seconds }) => cpu_seconds)),
    peak: Math.max(...rounds.map(({ peak }) => peak)),
    version: rounds[0].version,
  }));
  const [ours] = figures;
  return figures.map(({ name, seconds, cpu, peak, version }) => ({
    side: name,
    "tokens/s": format(tokens / seconds),
    "tokens per CPU second": format(tokens / cpu),
    peak: bytes(peak),
    "ours is faster by": `${(seconds / ours.seconds).toFixed(2)}×`,
    "and in CPU time by": `${(cpu / ours.cpu).toFixed(2)}×`,
    version,
  }));
}
