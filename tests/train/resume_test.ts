// `deno task train` killed, interrupted and resumed, on the real engines.

import { assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import type { RunPaths, Workspace } from "../../pipeline/artifacts.ts";
import { readCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { reaction, REPEAT_MS } from "../../pipeline/train/interrupt.ts";
import { readLog } from "../../pipeline/train/log.ts";
import { readRunConfig } from "../../pipeline/train/run_folder.ts";
import { inFolder } from "../helpers/in_folder.ts";
import {
  entries,
  outcomeOf,
  startTraining,
  tinyFlags,
  tinyWorkspace,
  training,
  untilStep,
} from "./tiny_workspace.ts";

/** Every loss and gradient norm with all its digits, and nothing that depends on the clock. */
const history = async (run: RunPaths) =>
  (await readLog(run.log)).flatMap((entry) => {
    if (entry.kind === "event") return [];
    const { kind, step, loss } = entry;
    return [[kind, step, loss, kind === "train" ? entry.gradNorm : entry.bitsPerCharacter]];
  });

async function expectSameRun(one: RunPaths, other: RunPaths): Promise<void> {
  assertEquals(await history(one), await history(other));
  for (const checkpoint of ["last", "best"] as const) {
    const [a, b] = [await readCheckpoint(one[checkpoint]), await readCheckpoint(other[checkpoint])];
    assertEquals(a.parameters, b.parameters);
    assertEquals({ ...a.state!, seconds: 0 }, { ...b.state!, seconds: 0 });
  }
}

const flags = [...tinyFlags(120), "--eval-interval", "30", "--checkpoint-interval", "4"];

/** Trains one run as it is and one that is killed soon after each step of `at`: no difference. */
async function killAndResume(paths: Workspace, steps: number, at: number[], engine: string[]) {
  const often = ["--eval-interval", "30", "--checkpoint-interval", "4", "--resid-pdrop", "0.1"];
  const flags = [...tinyFlags(steps), ...often, ...engine];
  const whole = await training(paths, "--run", "whole", ...flags);
  assertEquals(whole.code, 0, whole.stderr);
  const run = paths.run("killed");
  const resume = ["--run", "killed", "--resume", ...engine];
  let start = ["--run", "killed", ...flags];
  const kills: number[] = [];
  for (const step of at) {
    const process = startTraining(paths, ...start);
    const ended = outcomeOf(process);
    await untilStep(run, step);
    // Somewhere in a step, in a checkpoint with its six files and two renames, or in between.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
    process.kill("SIGKILL");
    await ended;
    kills.push((await readLog(run.log)).at(-1)!.step);
    start = resume;
  }
  const { code, stderr } = await training(paths, ...resume);
  assertEquals(code, 0, `killed after steps ${kills}: ${stderr}`);
  await expectSameRun(run, paths.run("whole"));
  const temporary = (await entries(run.root)).filter((name) => name.includes(".tmp"));
  assertEquals(temporary, [], "what the kills left half-written is cleared away");
}

Deno.test(
  "kill -9 at random moments, --resume each time: the same losses and weights bit by bit",
  inFolder(async (root) => {
    const at = [1, 20, 45, 70, 90].map((step) => step + Math.floor(Math.random() * 20));
    await killAndResume(await tinyWorkspace(root), 120, at, []);
  }),
);

Deno.test(
  "the same on --gpu",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    await killAndResume(paths, 24, [2 + Math.floor(Math.random() * 12)], ["--gpu"]);
    const { engine } = await readRunConfig(paths.run("killed"));
    assertStringIncludes(engine, "WebGPU");
  }),
);

Deno.test(
  "begun on the CPU, resumed on --gpu and on the CPU again: the losses of a run on the CPU",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const flags = (steps: number) => [
      ...tinyFlags(steps),
      ...["--schedule", "constant", "--warmup-steps", "2", "--learning-rate", "0.01"],
    ];
    const train = async (...args: string[]) => {
      const { code, stderr } = await training(paths, ...args);
      assertEquals(code, 0, stderr);
    };
    await train("--run", "cpu", ...flags(15));
    await train("--run", "both", ...flags(5));
    await train("--run", "both", "--resume", "--steps", "10", "--gpu");
    await train("--run", "both", "--resume", "--steps", "15");
    const losses = async (run: string) =>
      (await readLog(paths.run(run).log)).flatMap((e) => e.kind === "train" ? [e.loss] : []);
    const [cpu, both] = [await losses("cpu"), await losses("both")];
    assertEquals([cpu.length, both.length], [15, 15]);
    both.forEach((loss, i) => assertLess(Math.abs(loss - cpu[i]), 1e-4, `step ${i + 1}`));
  }),
);

Deno.test(
  "Ctrl-C: exit 130 after the step, a checkpoint, the command to go on, nothing lost",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    assertEquals((await training(paths, "--run", "whole", ...flags)).code, 0);
    const run = paths.run("latest");
    const rarely = ["--checkpoint-interval", "100000"];
    const process = startTraining(paths, ...flags.slice(0, -2), ...rarely);
    const ended = outcomeOf(process);
    await untilStep(run, 30);
    process.kill("SIGINT");
    const { code, stderr } = await ended;
    assertEquals(code, 130, stderr);
    assertStringIncludes(stderr, `go on with: deno task train --resume --data ${root}`);
    const { step } = (await readCheckpoint(run.last)).state!;
    assertGreater(step, 29);
    assertEquals((await readLog(run.log)).findLast((e) => e.kind === "train")!.step, step);
    assertEquals((await training(paths, "--resume", "--checkpoint-interval", "4")).code, 0);
    await expectSameRun(run, paths.run("whole"));
  }),
);

Deno.test(
  "a Ctrl-C that arrives twice, from the terminal and through the task runner, is one",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const run = paths.run("latest");
    const rarely = ["--checkpoint-interval", "100000"];
    const process = startTraining(paths, ...tinyFlags(100000), ...rarely);
    const ended = outcomeOf(process);
    await untilStep(run, 10);
    process.kill("SIGINT");
    process.kill("SIGTERM");
    const { code, stderr } = await ended;
    assertEquals(code, 130, stderr);
    assertStringIncludes(stderr, "Stopped after step");
    assertGreater((await readCheckpoint(run.last)).state!.step, 9);
  }),
);

Deno.test("the second request to stop counts from a second after the first", () => {
  assertEquals(reaction(undefined, 5000), "stop");
  assertEquals(reaction(5000, 5000 + REPEAT_MS - 1), "ignore");
  assertEquals(reaction(5000, 5000 + REPEAT_MS), "quit");
});
