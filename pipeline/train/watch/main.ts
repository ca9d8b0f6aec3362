/** `deno task watch`: the curves and samples of all runs on a local page, refreshed as they train. */

import { workspace } from "../../artifacts.ts";
import { defineTask, runTask } from "../../lib/base/cli.ts";
import { createWatchApp } from "./app.ts";

await runTask(defineTask({
  name: "watch",
  summary:
    "Shows the runs on a local page: table, curves overlaid, samples; live while they train.",
  flags: {
    port: { type: "integer", default: 8788, min: 0, max: 65535, help: "port on this machine only" },
  },
  examples: ["deno task watch", "deno task watch --port 9000"],
  async run({ data, port }) {
    const app = createWatchApp(workspace(data));
    // Samples are as sensitive as the notes: never beyond this machine.
    const server = Deno.serve({
      hostname: "127.0.0.1",
      port,
      onListen: (address) => console.log(`http://127.0.0.1:${address.port}/ (Ctrl-C to stop)`),
    }, app.fetch);
    await server.finished;
  },
}));
