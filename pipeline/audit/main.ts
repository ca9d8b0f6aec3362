/** `deno task audit`: what a run gives away about the notes it was trained on. */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import { defineTask, runTask } from "../lib/base/cli.ts";
import { auditDefaults, auditRun } from "./run.ts";

export const task = defineTask({
  name: "audit",
  summary: "Measures what a run remembers of its training notes, and passes or fails it.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to audit" },
    notes: {
      type: "integer",
      default: auditDefaults.notes,
      min: 2,
      help: "number of training notes to attack, with as many unseen ones",
    },
    texts: {
      type: "integer",
      default: auditDefaults.texts,
      min: 2,
      help: "number of texts to generate",
    },
    completions: {
      type: "integer",
      min: 2,
      help: "completions to draw at carets in notes, half of them in training notes; " +
        "by default ten for every text",
    },
    seed: { type: "integer", default: auditDefaults.seed, help: "seed of the generated texts" },
  },
  examples: ["deno task audit", "deno task audit --run nano --notes 500 --texts 2000"],
  async run(flags) {
    const paths = workspace(flags.data);
    const report = await auditRun(paths, flags.run, flags);
    for (const { name, passed, found, allowed } of report.checks) {
      console.log(`${passed ? "passed" : "FAILED"}  ${name}: ${found} (allowed: ${allowed})`);
    }
    console.log(
      `\n${report.verdict === "pass" ? "Passed" : "Failed"}. Report: ${
        join(paths.run(flags.run).audit, "index.html")
      }`,
    );
    for (const advice of report.advice) console.log(`${advice}.`);
    if (report.verdict === "pass") {
      console.log(`Next: deno task export --run ${flags.run} --data ${flags.data}`);
    }
  },
});

if (import.meta.main) await runTask(task);
