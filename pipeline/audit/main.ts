/** `deno task audit`: what a run gives away about the notes it was trained on. */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import { tooSmall } from "../artifacts/gate.ts";
import { defineTask, runTask } from "../lib/base/cli.ts";
import { auditDefaults, auditRun } from "./run.ts";

export const task = defineTask({
  name: "audit",
  summary: "Measures what a run remembers of its training notes: it passes, fails, or cannot tell.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to audit" },
    notes: {
      type: "integer",
      default: auditDefaults.notes,
      min: 2,
      help: "number of notes of unseen patients to attack, with twice as many training notes; " +
        "below the default, here and in the two below, a pass does not count",
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
    for (const { name, outcome, found, allowed, needed } of report.checks) {
      const takes = needed === undefined ? "" : `; it takes ${needed}`;
      console.log(`${said[outcome]}  ${name}: ${found} (allowed: ${allowed})${takes}`);
    }
    const page = join(paths.run(flags.run).audit, "index.html");
    console.log(`\n${verdicts[report.verdict]}. Report: ${page}`);
    for (const advice of report.advice) console.log(`${advice}.`);
    const small = tooSmall(report.sizes);
    if (small.length > 0) {
      console.log(`Too small to export or deploy on: ${small.join("; ")}.`);
    } else if (report.verdict === "pass") {
      console.log(`Next: deno task export --run ${flags.run} --data ${flags.data}`);
    }
  },
});

const said = { "pass": "passed ", "fail": "FAILED ", "cannot tell": "UNKNOWN" };

const verdicts = {
  "pass": "Passed",
  "fail": "Failed",
  "cannot tell": "Cannot tell: that nothing leaks is not shown, and neither that something does",
};

if (import.meta.main) await runTask(task);
