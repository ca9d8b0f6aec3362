/**
 * `deno task serve`: the exported model behind /complete on this machine, in the runtime that
 * Cloudflare Workers uses (workerd), or with --deno in plain Deno.
 */

import { workspace } from "../../pipeline/artifacts.ts";
import { defineTask, runTask } from "../../pipeline/lib/base/cli.ts";
import { type EngineName, engines } from "../src/engine.ts";
import { requireExport } from "./build.ts";
import { readSettings } from "./settings.ts";
import { startDeno } from "./start_deno.ts";
import { startWorker } from "./start_worker.ts";

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
    "deno task serve --run nano --settings data/deploy.json",
  ],
  async run({ run, data, port, deno, rateLimit, ...flags }) {
    const exportFolder = flags.export ?? workspace(data).run(run).export;
    const settings = flags.settings === undefined ? undefined : await readSettings(flags.settings);
    const secrets = settings?.secrets;
    const engine = (flags.engine ?? settings?.engine ?? "wasm") as EngineName;
    await requireExport(exportFolder, engine);
    const start = deno ? startDeno : startWorker;
    const worker = await start({
      exportFolder,
      engine,
      port,
      rateLimit,
      secrets,
      onLog: printAuditLine,
    });
    try {
      const line = curlLine(worker.url, secrets !== undefined);
      console.log(`${worker.url} is ready. Try it:\n\n${line}\n\nCtrl-C stops it.`);
      await interrupted();
    } finally {
      await worker.stop();
    }
  },
});

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
