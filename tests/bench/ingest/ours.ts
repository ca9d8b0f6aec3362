/**
 * One measured run in a process of its own: `ours.ts ingest INPUT WORKSPACE NEAR_DUPLICATES` or
 * `ours.ts eda WORKSPACE THREADS`, which loads only the stage that it measures. Prints one line of
 * JSON: CPU seconds, peak resident bytes, notes.
 */

import { cpuUsage } from "node:process";
import { workspace } from "../../../pipeline/artifacts.ts";

/** The most memory this process has had, as Linux counts it. */
async function peakBytes(): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

async function runIngest(input: string, folder: string, nearDuplicates: string): Promise<number> {
  const { ingest } = await import("../../../pipeline/ingest/ingest.ts");
  const report = await ingest({
    inputs: [input],
    format: "auto",
    columns: {},
    clean: "standard",
    preliminary: false,
    acrossPatients: false,
    acceptTruncated: false,
    maxDownloadBytes: 1e9,
    nearDuplicates: Number(nearDuplicates),
    minChars: 16,
    maxChars: 1_000_000,
  }, workspace(folder));
  return report.notes.kept;
}

async function runEda(folder: string, threads: string): Promise<number> {
  const { analyse } = await import("../../../pipeline/eda/analyse.ts");
  const { edaReport } = await import("../../../pipeline/eda/report_page.ts");
  const eda = await analyse(workspace(folder), { threads: Number(threads) });
  await edaReport(eda);
  return eda.counts.notes;
}

const [stage, ...args] = Deno.args;
const notes = stage === "ingest"
  ? await runIngest(args[0], args[1], args[2])
  : await runEda(args[0], args[1]);
const { user, system } = cpuUsage();
console.log(JSON.stringify({ cpu: (user + system) / 1e6, peak: await peakBytes(), notes }));
