/** `deno task status`: what is there, made from what, fresh or stale, and what to run next. */

import { workspace } from "../artifacts.ts";
import { defineTask, runTask } from "../lib/base/cli.ts";
import { statusOf } from "./status.ts";
import { statusText } from "./text.ts";

const task = defineTask({
  name: "status",
  summary:
    "Shows every artifact of a workspace: when and from what it was made, whether it still\n" +
    "belongs to that, and which command to run next.",
  flags: { json: { type: "boolean", help: "print it as JSON" } },
  examples: ["deno task status", "deno task status --data data/quickstart --json"],
  async run({ data, json }) {
    const status = await statusOf(workspace(data));
    console.log(json ? JSON.stringify(status, null, 2) : statusText(status));
  },
});

if (import.meta.main) await runTask(task);
