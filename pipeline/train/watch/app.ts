/** The routes of `deno task watch`: a page, a table of runs, a chart, samples. Reads files only. */

import { join } from "@std/path";
import { Hono } from "hono";
import { runPaths, type Workspace } from "../../artifacts.ts";
import { exists } from "../../lib/base/files.ts";
import { themeCss } from "../../lib/base/page/theme.ts";
import { type Axis, curvesChart } from "../curves.ts";
import { type LogEntry, readLog } from "../log.ts";
import type { RunConfig } from "../run_folder.ts";
import page from "./page.html" with { type: "text" };

/** A row of the page's table. */
export interface RunRow {
  name: string;
  startedAt: string;
  engine: string;
  parameters: number;
  steps: number;
  step: number;
  tokens: number;
  trainingLoss: number | null;
  validationLoss: number | null;
  bitsPerCharacter: number | null;
  baseline: number;
  tokensPerSecond: number | null;
  mfu: number | null;
  /** Seconds since the log was last written to. */
  age: number;
  messages: string[];
}

interface WatchedRun {
  config: RunConfig;
  entries: LogEntry[];
  age: number;
}

/** `app.request("/runs")` and the like work without a server, for tests. */
export function createWatchApp(workspace: Workspace): Hono {
  const logs = new LogCache();

  /** The runs asked for that exist; all if none is named. Never a path from the query. */
  async function watched(names: string[] | undefined): Promise<WatchedRun[]> {
    const existing = await loggedRuns(workspace.runs);
    const wanted = names?.length ? existing.filter((name) => names.includes(name)) : existing;
    return (await Promise.all(wanted.map((name) => readRun(workspace, name, logs))))
      .filter((run) => run !== undefined)
      .sort((a, b) => b.config.startedAt.localeCompare(a.config.startedAt));
  }

  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; connect-src 'self'");
    c.header("Cache-Control", "no-store");
  });
  app.get("/", (c) => c.html(page.replace("/* theme */", themeCss())));
  app.get("/runs", async (c) => c.json((await watched(undefined)).map(runRow)));
  app.get("/chart", async (c) => {
    const axis: Axis = c.req.query("axis") === "tokens" ? "tokens" : "step";
    const runs = await watched(c.req.queries("run"));
    if (runs.length === 0) return c.text("no such run", 404);
    const chart = await curvesChart(
      runs.map(({ config, entries }) => ({
        name: config.name,
        entries,
        baseline: config.baseline.bigram,
      })),
      axis,
    );
    return c.body(chart.inline.text, 200, { "Content-Type": "image/svg+xml" });
  });
  app.get("/samples", async (c) => {
    const [run] = await watched(c.req.queries("run"));
    if (!run) return c.text("no such run", 404);
    const path = workspace.run(run.config.name).samples;
    return c.text(await Deno.readTextFile(path).catch(() => ""));
  });
  return app;
}

/** Names of the runs that have a log, bigrams among them, which have no checkpoint. */
async function loggedRuns(folder: string): Promise<string[]> {
  if (!await exists(folder)) return [];
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  const logged = await Promise.all(names.map((name) => exists(runPaths(join(folder, name)).log)));
  return names.filter((_, i) => logged[i]).sort();
}

/** `undefined` while a run is being set up, or taken away. */
async function readRun(
  workspace: Workspace,
  name: string,
  logs: LogCache,
): Promise<WatchedRun | undefined> {
  const paths = runPaths(workspace.run(name).root);
  try {
    const config: RunConfig = JSON.parse(await Deno.readTextFile(paths.config));
    // A run that stepped aside is called what its folder is called.
    return { config: { ...config, name }, ...await logs.read(paths.log) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function runRow({ config, entries, age }: WatchedRun): RunRow {
  const training = entries.findLast((entry) => entry.kind === "train");
  const validation = entries.findLast((entry) => entry.kind === "validation");
  const latest = training ?? validation;
  const messages = entries.filter((entry) => entry.kind === "event")
    .map(({ step, message }) => `step ${step}: ${message}`);
  return {
    name: config.name,
    startedAt: config.startedAt,
    engine: config.engine,
    parameters: config.parameters,
    steps: latest?.phase ? config.pretrain!.train.steps : config.train.steps,
    step: latest?.step ?? 0,
    tokens: latest?.tokens ?? 0,
    trainingLoss: training?.loss ?? null,
    validationLoss: validation?.loss ?? null,
    bitsPerCharacter: validation?.bitsPerCharacter ?? null,
    baseline: config.baseline.bigram,
    tokensPerSecond: training?.tokensPerSecond ?? null,
    mfu: training?.mfu ?? null,
    age,
    messages,
  };
}

/** Logs by path, read again only when their size or time has changed. */
class LogCache {
  readonly #logs = new Map<string, { key: string; entries: LogEntry[] }>();

  async read(path: string): Promise<{ entries: LogEntry[]; age: number }> {
    const { size, mtime } = await Deno.stat(path);
    const time = mtime?.getTime() ?? 0;
    const age = Math.round((Date.now() - time) / 1000);
    const key = `${size} ${time}`;
    const known = this.#logs.get(path);
    if (known?.key === key) return { entries: known.entries, age };
    const entries = await readLog(path);
    this.#logs.set(path, { key, entries });
    return { entries, age };
  }
}
