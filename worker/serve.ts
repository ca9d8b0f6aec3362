/**
 * `deno task serve`: the exported model behind /complete on this machine, in the runtime that
 * Cloudflare Workers uses (workerd), or with --deno in plain Deno.
 */

import { workspace } from "../pipeline/artifacts.ts";
import { defineTask, runTask } from "../pipeline/cli.ts";
import { requireExport } from "./build.ts";
import { startDeno } from "./start_deno.ts";
import { startWorker } from "./start_worker.ts";

export { type RunningWorker, type StartOptions, startWorker } from "./start_worker.ts";

const task = defineTask({
  name: "serve",
  summary: "Serves the exported model of a run at POST /complete, on this machine only.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to serve" },
    port: { type: "integer", default: 8787, min: 0, max: 65535, help: "port; 0 takes a free one" },
    deno: { type: "boolean", help: "plain Deno instead of workerd" },
  },
  examples: ["deno task serve", "deno task serve --run nano --port 9000 --deno"],
  async run({ run, data, port, deno }) {
    const exportFolder = workspace(data).run(run).export;
    await requireExport(exportFolder);
    const start = deno ? startDeno : startWorker;
    const worker = await start({
      exportFolder,
      port,
      onLog: printAuditLine,
    });
    try {
      console.log(`${worker.url} is ready. Try it:\n\n${curlLine(worker.url)}\n\nCtrl-C stops it.`);
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
const curlLine = (url: string) =>
  `curl -s ${url}/complete -H 'content-type: application/json' -d '{"text": "The patient is a"}'`;

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    Deno.addSignalListener("SIGINT", resolve);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", resolve);
  });
}

if (import.meta.main) await runTask(task);
