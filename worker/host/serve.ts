/**
 * `deno task serve`: the exported model behind /complete on this machine, in the runtime that
 * Cloudflare Workers uses (workerd), or with --deno in plain Deno.
 */

import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { passGate } from "../../pipeline/artifacts/gate.ts";
import { defineTask, runTask, UsageError } from "../../pipeline/lib/base/cli.ts";
import { type EngineName, engines } from "../src/engine.ts";
import { requireExport } from "./build.ts";
import { readSettings } from "./settings.ts";
import { startDeno } from "./start_deno.ts";
import { type Pool, startPool } from "./pool.ts";
import type { RunningWorker } from "./start_worker.ts";

export { type EngineName, engines } from "../src/engine.ts";
export { type RunningWorker, type StartOptions, startWorker } from "./start_worker.ts";

const task = defineTask({
  name: "serve",
  summary: "Serves the exported model of a run at POST /complete, on this machine only.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to serve" },
    port: {
      type: "integer",
      default: 8787,
      min: 0,
      max: 65535,
      help: "port to listen on; 0 picks a free one",
    },
    engine: {
      type: "string",
      choices: engines,
      help: "inference engine (default: that of the settings, or wasm, our kernels)",
    },
    export: {
      type: "string",
      placeholder: "FOLDER",
      help: "serve this export in place of a run's, with onnxruntime-web also one of optimum's",
    },
    processes: {
      type: "integer",
      default: 1,
      min: 1,
      max: 256,
      help: "workerd processes behind the port; one per core (SIGHUP takes over a new export)",
    },
    "accept-risk": {
      type: "string",
      placeholder: "REASON",
      help: "let SIGHUP take over an export without a passed privacy audit",
    },
    deno: { type: "boolean", help: "run in plain Deno instead of workerd" },
    settings: {
      type: "string",
      placeholder: "FILE",
      help: "who may call, as for deploy, to serve others through a proxy; default everybody",
    },
    "rate-limit": {
      type: "integer",
      min: 1,
      help: "requests per caller and minute (default 1200)",
    },
  },
  examples: [
    "deno task serve",
    "deno task serve --run nano --port 9000 --deno",
    "deno task serve --run nano --processes 4 --settings data/deploy.json",
  ],
  async run({ run, data, port, deno, processes, rateLimit, ...flags }) {
    const exportFolder = flags.export ?? workspace(data).run(run).export;
    const settings = flags.settings === undefined ? undefined : await readSettings(flags.settings);
    const secrets = settings?.secrets;
    const engine = (flags.engine ?? settings?.engine ?? "wasm") as EngineName;
    await requireExport(exportFolder, engine);
    const options = { exportFolder, engine, port, rateLimit, secrets, onLog: printAuditLine };
    if (deno) {
      if (processes > 1) throw new UsageError("--processes needs workerd; leave out --deno");
      return await untilInterrupted(await startDeno(options), secrets !== undefined);
    }
    const gate = () => requireGate(data, run, flags.export, flags.acceptRisk);
    const pool = await startPool({ ...options, processes, gate });
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", () => void reload(pool));
    await untilInterrupted(pool, secrets !== undefined);
  },
});

/** A new export is served only if it may leave the workspace, as `deploy` decides it. */
async function requireGate(
  data: string,
  name: string,
  foreign: string | undefined,
  acceptedRisk: string | undefined,
): Promise<void> {
  if (foreign !== undefined && acceptedRisk === undefined) {
    throw new Error(
      `Cannot take over ${foreign}: it was not audited here; start again with --accept-risk "reason"`,
    );
  }
  const paths = workspace(data), run = paths.run(name);
  const model = join(run.export, "model.safetensors");
  if (foreign === undefined) await passGate({ paths, run, model, doing: "deploy", acceptedRisk });
}

async function reload(pool: Pool): Promise<void> {
  try {
    await pool.reload();
    console.log("The new export is served.");
  } catch (error) {
    console.error(`${(error as Error).message}; the export that was served before still is`);
  }
}

async function untilInterrupted(worker: RunningWorker, withKey: boolean): Promise<void> {
  try {
    const line = curlLine(worker.url, withKey);
    console.log(`${worker.url} is ready. Try it:\n\n${line}\n\nCtrl-C stops it.`);
    await interrupted();
  } finally {
    await worker.stop();
  }
}

/** The worker's own lines are JSON; wrangler's are left out. */
const printAuditLine = (line: string) => {
  if (line.startsWith("{")) console.log(line);
};

/** A command line that can be pasted into a shell. */
const curlLine = (url: string, withKey: boolean) =>
  `curl -s ${url}/complete -H 'content-type: application/json'${
    withKey ? " -H 'authorization: Bearer KEY'" : ""
  } -d '{"text": "The patient is a"}'`;

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    Deno.addSignalListener("SIGINT", resolve);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", resolve);
  });
}

if (import.meta.main) await runTask(task);
