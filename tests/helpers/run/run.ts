/** Runs batches of test files in processes side by side and counts what they report. */

import { join } from "@std/path";
import { lavapipeEnvironment, swiftShaderEnvironment } from "../software_gpu.ts";
import { type Batch, batchesOf, type Durations } from "./batches.ts";
import { type Case, readReport } from "./report.ts";

/** How a batch may end after which nothing more is heard of it. */
const LIMIT_MS = 20 * 60_000;
/** How many of the slowest tests are listed at the end. */
const SLOWEST = 20;
/** Seconds of each file in the last run of everything; lies among the generated files. */
const DURATIONS = "data/tests/durations.json";

/** One adapter, and the files that run on it. */
interface Pass {
  name: string;
  env: Record<string, string>;
  files: string[];
}

interface Job extends Batch {
  pass: Pass;
}

interface Outcome {
  job: Job;
  passed: number;
  failed: number;
  cases: Case[];
  output: string;
  seconds: number;
}

/** Runs the tests that `args` name; the exit code. The last line is `N passed, N failed`. */
export async function main(args: readonly string[]): Promise<number> {
  const { paths, jobs, flags } = await split(args);
  const files = (await Promise.all(paths.map(testFiles))).flat();
  if (files.length === 0) {
    console.error(`error: No test files in ${paths.join(", ")}; expected names like NAME_test.ts`);
    return 2;
  }
  const durations = await readDurations();
  const queue: Job[] = [];
  for (const pass of await passes(files)) {
    const key = (file: string) => `${pass.name} ${file}`;
    const known = Object.fromEntries(pass.files.map((file) => [file, durations[key(file)]]));
    const usable = Object.fromEntries(Object.entries(known).filter(([, value]) => value));
    for (const batch of batchesOf(pass.files, usable, jobs)) queue.push({ ...batch, pass });
  }
  queue.sort((a, b) => b.seconds - a.seconds);
  const outcomes = await runAll(queue, jobs, flags);
  if (paths.includes("tests/") && flags.length === 0) await rememberDurations(outcomes);
  return summarize(outcomes);
}

/** Paths to test, how many processes side by side, and what goes to `deno test` as it is. */
async function split(args: readonly string[]) {
  const paths: string[] = [], flags: string[] = [];
  let jobs = Math.max(1, Math.min(4, navigator.hardwareConcurrency));
  for (let i = 0; i < args.length; i++) {
    const given = /^--jobs(?:=(\d+))?$/.exec(args[i]);
    if (given) {
      jobs = Number(given[1] ?? args[++i]);
      if (!Number.isInteger(jobs) || jobs < 1) {
        console.error("error: --jobs expects a number of processes, at least 1");
        Deno.exit(2);
      }
    } else if (await Deno.stat(args[i]).then(() => true, () => false)) paths.push(args[i]);
    else flags.push(args[i]);
  }
  return { paths: paths.length > 0 ? paths : ["tests/"], jobs, flags };
}

/** The test files under `path`, or `path` itself. */
async function testFiles(path: string): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [path];
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    const inside = join(path, name);
    if (isDirectory) files.push(...await testFiles(inside));
    else if (name.endsWith("_test.ts")) files.push(inside);
  }
  return files;
}

async function passes(files: string[]): Promise<Pass[]> {
  const choice = Deno.env.get("NANO_MED_GPU") ?? "software";
  if (choice === "native") return [{ name: "native", env: {}, files }];
  if (choice !== "software") {
    throw new TypeError(`NANO_MED_GPU is "${choice}", expected "software" or "native"`);
  }
  const list = [{ name: "SwiftShader", env: await swiftShaderEnvironment(), files }];
  const lavapipe = await lavapipeEnvironment();
  const kernels = files.filter((file) => /^(\.\/)?tests\/kernels\//.test(file));
  if (lavapipe && kernels.length > 0) {
    // Tilings that need no subgroups are tested on SwiftShader.
    const env = { ...lavapipe, NANO_MED_PORTABLE_TESTED: "1" };
    list.push({ name: "lavapipe", env, files: kernels });
  }
  return list;
}

async function runAll(queue: readonly Job[], jobs: number, flags: string[]): Promise<Outcome[]> {
  const folder = await Deno.makeTempDir();
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async () => {
    while (next < queue.length) {
      const index = next++;
      const outcome = await runJob(queue[index], join(folder, `${index}.xml`), flags);
      outcomes.push(outcome);
      printOutcome(outcome, outcomes.length, queue.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, worker));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return outcomes;
}

async function runJob(job: Job, path: string, flags: string[]): Promise<Outcome> {
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-prompt",
      "--no-check",
      "-A",
      `--junit-path=${path}`,
      ...flags,
      ...job.files,
    ],
    env: { ...job.pass.env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(limit);
  const text = new TextDecoder();
  let output = text.decode(stdout) + text.decode(stderr);
  if (late) output += `\nkilled after ${LIMIT_MS / 60_000} minutes`;
  if (signal) output += `\nended by ${signal}`;
  const report = readReport(await Deno.readTextFile(path).catch(() => ""));
  const { passed = 0, cases = [] } = report ?? {};
  // A process that failed without a failing test (it crashed, say) counts as one failure.
  const failed = report?.failed || (code === 0 ? 0 : 1);
  const seconds = (performance.now() - started) / 1000;
  return { job, passed, failed, cases, output, seconds };
}

function printOutcome(outcome: Outcome, done: number, total: number): void {
  const { job, passed, failed, output, seconds } = outcome;
  const [first, ...more] = job.files;
  const files = more.length === 0 ? first : `${first} and ${more.length} more`;
  const count = failed === 0 ? `${passed} passed` : `${passed} passed, ${failed} FAILED`;
  console.log(`[${done}/${total}] ${count} in ${seconds.toFixed(0)}s: ${files} (${job.pass.name})`);
  if (failed > 0) console.log(output);
}

function summarize(outcomes: readonly Outcome[]): number {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((all, o) => all + of(o), 0);
  const passed = sum((outcome) => outcome.passed), failed = sum((outcome) => outcome.failed);
  const slowest = outcomes
    .flatMap(({ cases, job }) => cases.map((test) => ({ ...test, pass: job.pass.name })))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST);
  console.log(`\nThe slowest ${slowest.length}:`);
  for (const { seconds, name, file, pass } of slowest) {
    console.log(`${seconds.toFixed(1).padStart(7)}s  ${name}  (${file}, ${pass})`);
  }
  const broken = outcomes.filter((outcome) => outcome.failed > 0);
  if (broken.length > 0) {
    console.log("\nFailed, see above:");
    for (const { job } of broken) console.log(`  ${job.files.join(" ")} (${job.pass.name})`);
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

async function readDurations(): Promise<Durations> {
  try {
    return JSON.parse(await Deno.readTextFile(DURATIONS));
  } catch {
    return {};
  }
}

/** Keeps how long each file took, so that the next run starts with the longest. */
async function rememberDurations(outcomes: readonly Outcome[]): Promise<void> {
  const durations: Durations = {};
  for (const { job, cases } of outcomes) {
    for (const { file, seconds } of cases) {
      const key = `${job.pass.name} ${file.replace(/^\.\//, "")}`;
      durations[key] = (durations[key] ?? 0) + seconds;
    }
  }
  await Deno.mkdir("data/tests", { recursive: true });
  await Deno.writeTextFile(DURATIONS, JSON.stringify(durations, null, 1));
}
