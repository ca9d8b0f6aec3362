// `deno task train --sweep`: all runs, the report, going on after an interruption, bad files.

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readLog } from "../../pipeline/train/log.ts";
import { reportText, type SweepReport, sweepReport } from "../../pipeline/train/sweep.ts";
import { inFolder } from "../helpers/in_folder.ts";
import {
  entries,
  outcomeOf,
  startTraining,
  tinyWorkspace,
  training,
  untilStep,
} from "./tiny_workspace.ts";

const base = {
  "n-embd": 16,
  "n-layer": 1,
  "n-head": 2,
  "n-positions": 16,
  "batch-size": 4,
  "eval-tokens": 128,
  "sample-interval": 100000,
};

async function writeSweep(root: string, sweep: unknown): Promise<string> {
  const file = join(root, "sweep.json");
  await Deno.writeTextFile(file, JSON.stringify(sweep));
  return file;
}

Deno.test(
  "a sweep stopped in its second run goes on there; its report names what differs, best first",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const file = await writeSweep(root, {
      name: "rate",
      base: { ...base, steps: 40 },
      runs: [{ "learning-rate": 1e-5 }, { name: "fast", "learning-rate": 0.02 }],
    });
    const process = startTraining(paths, "--sweep", file);
    const ended = outcomeOf(process);
    await untilStep(paths.run("rate-fast"), 3);
    process.kill("SIGINT");
    const stopped = await ended;
    // A machine in a hurry may have finished the forty steps by then.
    assert(stopped.code === 130 || stopped.code === 0, stopped.stderr);
    if (stopped.code === 130) assertStringIncludes(stopped.stderr, `--sweep ${file}`);
    const { code, stdout, stderr } = await training(paths, "--sweep", file);
    assertEquals(code, 0, stderr);
    assertEquals(await entries(paths.runs), ["rate-1", "rate-fast"]);
    for (const run of ["rate-1", "rate-fast"]) {
      const steps = (await readLog(paths.run(run).log)).filter((entry) => entry.kind === "train");
      assertEquals(steps.map(({ step }) => step), Array.from({ length: 40 }, (_, i) => i + 1));
    }
    const path = join(root, "reports", "sweep-rate.json");
    const report: SweepReport = JSON.parse(await Deno.readTextFile(path));
    assertEquals(report.runs.map(({ name }) => name), ["rate-fast", "rate-1"]);
    assertEquals(report.runs[0].changes, { "learning-rate": 0.02 });
    assertGreater(report.runs[1].loss, report.runs[0].loss);
    assertStringIncludes(stdout, "No scaling law: 2 runs, at least 6 are needed");

    const changed = {
      name: "rate",
      base: { ...base, steps: 40 },
      runs: [{ "learning-rate": 0.1 }],
    };
    await writeSweep(root, changed);
    const other = await training(paths, "--sweep", file);
    assertEquals(other.code, 1);
    assertStringIncludes(other.stderr, 'run "rate-1": it has learningRate 0.00001');
  }),
);

Deno.test(
  "a sweep file with a mistake is refused before anything runs",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const mistakes: [unknown, string, number][] = [
      [{ name: "a", runs: [{ "learning-rat": 1 }] }, "Unknown flag --learning-rat", 2],
      [{ name: "a", runs: [{ steps: "many" }] }, "--steps is", 2],
      [{ name: "../a", runs: [{}] }, '"name" must be made of', 2],
      [{ name: "a", runs: [] }, '"runs" must be a list', 2],
      [{ name: "a", runs: [{ name: 1 }, { name: 1 }] }, "two runs have the same name", 2],
    ];
    for (const [sweep, message, exitCode] of mistakes) {
      const { code, stderr } = await training(paths, "--sweep", await writeSweep(root, sweep));
      assertEquals(code, exitCode, stderr);
      assertStringIncludes(stderr, message);
    }
    const missing = await training(paths, "--sweep", join(root, "none.json"));
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, "none.json: there is no such file");
    const both = await training(paths, "--sweep", join(root, "sweep.json"), "--steps", "3");
    assertEquals(both.code, 2);
    assertStringIncludes(both.stderr, "--sweep takes no --steps; put it into");
    assert(!(await entries(root)).includes("runs"));
  }),
);

Deno.test("the report says what size to train where the runs determine it", () => {
  const run = (name: string) => ({
    name,
    parameters: 1e6,
    tokens: 1e7,
    loss: 3.5,
    bestStep: 10,
    bigram: 4,
    changes: { "n-embd": 64 },
  });
  const scaling = { E: 1.69, A: 406.4, a: 0.34, B: 410.7, b: 0.28, residual: 0.01 };
  const runs = [run("size-1"), run("size-2")];
  const text = reportText(sweepReport("size", runs, scaling));
  assertStringIncludes(text, "loss = 1.690 + 406 / parameters^0.340 + 411 / tokens^0.280");
  assertStringIncludes(text, "for 6.0e+13 FLOP (1 × the largest run)");
  assertStringIncludes(text, "(extrapolated)");
  assert(!text.includes("Not to be relied on"));
  // Eight runs of micro's depth with 75,000 to 300,000 tokens gave such a fit.
  const short = { ...scaling, E: 0, a: 1.47 };
  assertStringIncludes(
    reportText(sweepReport("size", runs, short)),
    "Not to be relied on: the fit sees no loss that would remain (E = 0)",
  );
});
