/**
 * `deno task bench capacity`: how many people who type a core can carry, by model size, and what 100,
 * 1,000 and 10,000 clinicians need. CPU seconds of a real workerd are measured, keystroke by
 * keystroke; typists at it are simulated (simulate.ts), so that other work on the machine matters
 * little.
 */

import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { bytes, defineTask, format, Progress, UsageError } from "../../../pipeline/lib/base/cli.ts";
import { startWorker } from "../../../worker/host/start_worker.ts";
import { quantile } from "../../helpers/quantile.ts";
import { endWithSignals } from "../serve/main.ts";
import { syntheticNotes, writePresetExport } from "../serve/nano_run.ts";
import { asker } from "../serve/typist.ts";
import { capacity, type Goal, MEAN_PAUSE_MS } from "./simulate.ts";

const SIZES = ["micro", "nano", "gpt2"] as const;
type Size = typeof SIZES[number];

/** Where typing starts, and how far it goes in each note. */
const CARET = 1200, KEYS = 60;

export const task = defineTask({
  name: "bench capacity",
  summary: "Measures typists per core at p95 of 150 ms, and what hospitals need.",
  flags: {
    sizes: {
      type: "string",
      default: "micro,nano",
      placeholder: "LIST",
      help: `model sizes, of ${SIZES.join(", ")}`,
    },
    notes: { type: "integer", default: 8, min: 1, max: 40, help: `notes typed, ${KEYS} keys each` },
    "p95-ms": { type: "integer", default: 150, min: 1, help: "goal for 95% of the keystrokes" },
    "typing-percent": {
      type: "integer",
      default: 10,
      min: 1,
      max: 100,
      help: "clinicians who type at the same moment",
    },
  },
  async run({ data, sizes, notes, p95Ms, typingPercent }) {
    if (Deno.build.os !== "linux") throw new UsageError("CPU seconds are read from Linux's /proc");
    endWithSignals();
    const names = sizes.split(",").map((size) => size.trim());
    const unknown = names.find((name) => !SIZES.includes(name as Size));
    if (unknown !== undefined) {
      throw new UsageError(`--sizes has "${unknown}", expected some of ${SIZES.join(", ")}`);
    }
    const goal: Goal = { p95_ms: p95Ms, overtaken: 0.25 };
    const report = { goal, typing_percent: typingPercent, sizes: [] as Measured[] };
    for (const name of names) report.sizes.push(await measure(name as Size, notes, goal));
    await writeJson(join(workspace(data).root, "reports", "bench", "capacity.json"), report);
    print(report.sizes, typingPercent);
  },
});

export interface Measured {
  size: Size;
  /** Of one keystroke, in milliseconds of one core. */
  cpu_ms: { mean: number; p50: number; p95: number };
  typists_per_core: number;
  /** Of one process. */
  resident_bytes: number;
}

async function measure(size: Size, count: number, goal: Goal): Promise<Measured> {
  const root = await Deno.makeTempDir();
  try {
    const exportFolder = await writePresetExport(root, size);
    const worker = await startWorker({ exportFolder, port: 0, rateLimit: 1e9 });
    try {
      const notes = (await syntheticNotes(20 * count, 2))
        .filter(({ length }) => length > CARET + KEYS).slice(0, count);
      const progress = new Progress(size, notes.length * KEYS, "keystrokes");
      const ask = asker(worker.url, 4);
      const wall: number[] = [], before = await cpuMilliseconds(worker.pid!);
      for (const [i, note] of notes.entries()) {
        for (let key = 0; key < KEYS; key++) {
          const started = performance.now();
          await ask(note.slice(0, CARET + key), `note ${i}`);
          wall.push(performance.now() - started);
          progress.update(wall.length);
        }
      }
      const used = await cpuMilliseconds(worker.pid!) - before;
      progress.finish(`${wall.length} keystrokes`);
      // Each took its share of the CPU seconds that all took together.
      const share = used / wall.reduce((sum, time) => sum + time, 0);
      const cpu = wall.map((time) => time * share);
      return {
        size,
        cpu_ms: {
          mean: used / wall.length,
          p50: quantile(cpu, 0.5),
          p95: quantile(cpu, 0.95),
        },
        typists_per_core: capacity(cpu, goal),
        resident_bytes: await residentBytes(worker.pid!),
      };
    } finally {
      await worker.stop();
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

/** CPU time of a process, its own and the system's for it. */
async function cpuMilliseconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return TICK_MS * (Number(fields[11]) + Number(fields[12]));
}

async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]);
}

/** Clinicians of the table; hours a day that one of them types, for Cloudflare's bill. */
const CLINICIANS = [100, 1000, 10_000], HOURS_TYPING = 1, WORKDAYS = 22;

function print(sizes: readonly Measured[], typingPercent: number): void {
  const lines = [
    "| model | CPU ms a keystroke, mean / p95 | typists a core | memory of a process |",
    "| ----- | ------------------------------ | -------------- | ------------------- |",
    ...sizes.map(({ size, cpu_ms, typists_per_core, resident_bytes }) =>
      `| ${size} | ${cpu_ms.mean.toFixed(1)} / ${cpu_ms.p95.toFixed(1)} | ${typists_per_core} | ${
        bytes(resident_bytes)
      } |`
    ),
    "",
    `| clinicians, ${typingPercent}% typing at once | model | in house: cores | memory | Cloudflare: million requests, CPU hours a month |`,
    "| --- | --- | --- | --- | --- |",
    ...CLINICIANS.flatMap((clinicians) =>
      sizes.map((size) => need(clinicians, size, typingPercent))
    ),
  ];
  console.log(lines.join("\n"));
}

function need(clinicians: number, measured: Measured, typingPercent: number): string {
  const { size, cpu_ms, typists_per_core, resident_bytes } = measured;
  const typing = clinicians * typingPercent / 100;
  const cores = typists_per_core === 0 ? NaN : Math.ceil(typing / typists_per_core);
  const requests = clinicians * WORKDAYS * HOURS_TYPING * 3_600_000 / MEAN_PAUSE_MS;
  return `| ${format(clinicians)} | ${size} | ${
    Number.isNaN(cores) ? "too slow" : format(cores)
  } | ${Number.isNaN(cores) ? "" : bytes(cores * resident_bytes)} | ${
    format(Math.round(requests / 1e6))
  }, ${format(Math.round(requests * cpu_ms.mean / 3_600_000))} |`;
}
