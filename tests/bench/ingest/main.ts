/**
 * `deno task bench ingest`: ingest alongside pandas, polars and DuckDB, which read the same csv.gz
 * and write a Parquet file, then eda on the result. Every run is a process of its own, and the contenders take turns, so that
 * whatever else the machine does falls on all of them.
 */

import { fromFileUrl, join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { requireFile, writeJson } from "../../../pipeline/lib/base/files.ts";
import { bytes, defineTask, duration } from "../../../pipeline/lib/base/cli.ts";
import { median } from "../../helpers/quantile.ts";

/** MIMIC-IV-Note 2.2's discharge.csv, unpacked. */
const MIMIC_BYTES = 3.3e9;

interface Measurement {
  seconds: number;
  cpu: number;
  peak: number;
  notes: number;
  version?: string;
}

interface Contender {
  name: string;
  run(): Promise<Measurement>;
}

export const task = defineTask({
  name: "bench ingest",
  summary: "Time ingest, pandas, polars and DuckDB on the same csv.gz, and eda on the result.",
  flags: {
    input: { type: "string", placeholder: "PATH", help: "csv.gz; default the synthetic one" },
    rounds: { type: "integer", default: 3, min: 1, help: "repetitions; medians are reported" },
    threads: { type: "integer", default: 2, min: 1, help: "threads for eda" },
    python: {
      type: "string",
      default: "python3",
      placeholder: "PATH",
      help: "a Python that has pandas with pyarrow, polars and duckdb, the peers",
    },
  },
  examples: ["deno task synthesize --notes 30000", "deno task bench ingest"],
  async run({ data, input, rounds, threads, python }) {
    const paths = workspace(data);
    const source = input ?? paths.synthetic;
    await requireFile(source, "deno task synthesize");
    const folder = await Deno.makeTempDir({ prefix: "bench_ingest_" });
    try {
      const runs = await takeTurns(contenders(source, folder, python, threads), rounds);
      const report = await reportOf(runs, source);
      console.table(report.rows);
      const out = join(paths.root, "reports", "bench", "ingest.json");
      await writeJson(out, report);
      console.log(
        `${report.notes} notes, ${bytes(report.packed)} packed, ${
          bytes(report.unpacked)
        } unpacked; ` +
          `${report.peers}.\nWrote ${out}`,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function contenders(source: string, folder: string, python: string, threads: number): Contender[] {
  const ours = (name: string, ...args: string[]): Contender => ({
    name,
    run: () => measured(Deno.execPath(), ["run", "-A", here("./ours.ts"), ...args]),
  });
  const peer = (name: string, compression: string): Contender => ({
    name: `${name}, ${compression}`,
    run: () =>
      measured(python, [
        here("../../oracle/ingest_bench.py"),
        name,
        source,
        join(folder, `${name}-${compression}.parquet`),
        compression,
      ]),
  });
  return [
    ours("ingest", "ingest", source, folder, "0.9"),
    ours("ingest, near duplicates kept", "ingest", source, folder, "0"),
    peer("pandas", "snappy"),
    peer("pandas", "zstd"),
    peer("polars", "zstd"),
    peer("duckdb", "zstd"),
    ours("eda", "eda", folder, String(threads)),
  ];
}

const here = (path: string) => fromFileUrl(new URL(path, import.meta.url));

async function measured(command: string, args: string[]): Promise<Measurement> {
  const start = performance.now();
  const { code, stdout } = await new Deno.Command(command, { args, stderr: "inherit" }).output();
  const seconds = (performance.now() - start) / 1000;
  if (code !== 0) throw new Error(`Cannot measure ${command} ${args[0]}: it ended with ${code}`);
  return { seconds, ...JSON.parse(new TextDecoder().decode(stdout)) };
}

async function takeTurns(list: Contender[], rounds: number): Promise<Map<string, Measurement[]>> {
  const runs = new Map(list.map(({ name }) => [name, [] as Measurement[]]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of list) runs.get(name)!.push(await run());
  }
  return runs;
}

async function reportOf(runs: Map<string, Measurement[]>, source: string) {
  const packed = (await Deno.stat(source)).size;
  const unpacked = await unpackedSize(source);
  const medians = new Map([...runs].map(([name, list]) => [name, {
    seconds: median(list.map(({ seconds }) => seconds)),
    cpu: median(list.map(({ cpu }) => cpu)),
    peak: median(list.map(({ peak }) => peak)),
  }]));
  const peer = medians.get("pandas, snappy")!;
  const rows = [...medians].map(([name, { seconds, cpu, peak }]) => ({
    name,
    seconds: Number(seconds.toFixed(2)),
    "cpu seconds": Number(cpu.toFixed(2)),
    "peak MB": Math.round(peak / 1e6),
    "times pandas' speed": Number((peer.seconds / seconds).toFixed(2)),
    "of pandas' memory": Number((peak / peer.peak).toFixed(2)),
    "3.3 GB, if linear": duration(seconds * MIMIC_BYTES / unpacked),
  }));
  const [first] = runs.get("ingest")!;
  const versions = [...runs.values()].flatMap(([{ version }]) => version ?? []);
  const peers = [...new Set(versions)].join(", ");
  return { source, packed, unpacked, notes: first.notes, peers, rows, runs: [...runs] };
}

async function unpackedSize(path: string): Promise<number> {
  if (!path.endsWith(".gz")) return (await Deno.stat(path)).size;
  let size = 0;
  const file = await Deno.open(path);
  for await (const chunk of file.readable.pipeThrough(new DecompressionStream("gzip"))) {
    size += chunk.length;
  }
  return size;
}
