// `deno task train` killed, interrupted, damaged and resumed, on the real CPU engine.

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { RunPaths, Workspace } from "../../pipeline/artifacts.ts";
import { readCheckpoint } from "../../pipeline/model/checkpoint.ts";
import { readLog } from "../../pipeline/train/log.ts";
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

Deno.test(
  "kill -9 at random moments, --resume each time: the same losses and weights bit by bit",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const whole = await training(paths, "--run", "whole", ...flags, "--resid-pdrop", "0.1");
    assertEquals(whole.code, 0, whole.stderr);
    const run = paths.run("killed");
    let start = ["--run", "killed", ...flags, "--resid-pdrop", "0.1"];
    const kills: number[] = [];
    for (let step = 1; step < 110; step += 15 + Math.floor(Math.random() * 20)) {
      const process = startTraining(paths, ...start);
      const ended = outcomeOf(process);
      await untilStep(run, step);
      // Somewhere in a step, in a checkpoint with its six files and two renames, or in between.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      process.kill("SIGKILL");
      await ended;
      kills.push((await readLog(run.log)).at(-1)!.step);
      start = ["--run", "killed", "--resume"];
    }
    assertGreater(kills.length, 3);
    const { code, stderr } = await training(paths, "--run", "killed", "--resume");
    assertEquals(code, 0, `killed after steps ${kills}: ${stderr}`);
    await expectSameRun(run, paths.run("whole"));
    const temporary = (await entries(run.root)).filter((name) => name.includes(".tmp"));
    assertEquals(temporary, [], "what the kills left half-written is cleared away");
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

/** A run of eight steps with checkpoints at 4 and 8. */
async function shortRun(root: string): Promise<{ paths: Workspace; run: RunPaths }> {
  const paths = await tinyWorkspace(root);
  const { code, stderr } = await training(paths, ...tinyFlags(8));
  assertEquals(code, 0, stderr);
  return { paths, run: paths.run("latest") };
}

async function refused(paths: Workspace, ...args: string[]): Promise<string> {
  const { code, stderr, stdout } = await training(paths, ...args);
  assertEquals([code, stdout], [1, ""], stderr);
  const lines = stderr.trimEnd().split("\n");
  assertEquals(lines.length, 1, stderr);
  return lines[0];
}

Deno.test(
  "a damaged, a cut, an incomplete and a missing checkpoint are refused by file, untouched",
  inFolder(async (root) => {
    const { paths, run } = await shortRun(root);
    const resume = ["--resume", "--steps", "12"];
    const optimizer = join(run.last, "optimizer.safetensors");
    const whole = await Deno.readFile(optimizer);
    await Deno.writeFile(optimizer, whole.slice(0, -100));
    assertStringIncludes(await refused(paths, ...resume), "optimizer.safetensors: its checksum");
    await Deno.remove(optimizer);
    assertStringIncludes(await refused(paths, ...resume), `Cannot find ${optimizer}`);
    await Deno.writeFile(optimizer, whole);
    const before = await readCheckpoint(run.last);
    assertEquals(before.state!.step, 8);
    await Deno.rename(run.last, join(run.root, "elsewhere"));
    assertStringIncludes(await refused(paths, ...resume), `Cannot find checkpoint ${run.last}`);
  }),
);

Deno.test(
  "changed data and a changed model are refused when resuming; more steps are not",
  inFolder(async (root) => {
    const { paths, run } = await shortRun(root);
    assertStringIncludes(
      await refused(paths, "--resume", "--n-embd", "32"),
      "another n_embd: the run has 16, the command line says 32",
    );
    const done = await training(paths, "--resume");
    assertStringIncludes(done.stdout, "has done its 8 steps; give a larger --steps");
    const longer = await training(paths, "--resume", "--steps", "12");
    assertEquals(longer.code, 0, longer.stderr);
    assertStringIncludes(longer.stderr, "Changed: steps 8 → 12");
    assertEquals((await readLog(run.log)).filter((e) => e.kind === "train").length, 12);
    const bytes = await Deno.readFile(paths.tokens("train"));
    bytes[2000] ^= 1;
    await Deno.writeFile(paths.tokens("train"), bytes);
    assertStringIncludes(
      await refused(paths, "--resume", "--steps", "16"),
      "train.bin has changed since it began",
    );
  }),
);

Deno.test(
  "before the stages it needs, with a wrong name or a wrong flag: one line that says what to do",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    assertStringIncludes(
      await refused(paths, "--resume", "--run", "none"),
      'run "deno task train"',
    );
    assert(!(await entries(root)).includes("runs"), "a refused start leaves nothing behind");
    await Deno.remove(paths.tokens("val"));
    assertStringIncludes(await refused(paths), 'val.bin; run "deno task tokenize" first');
    await Deno.remove(paths.tokenizer);
    assertStringIncludes(await refused(paths), 'tokenizer.json; run "deno task tokenize" first');
    assert(!(await entries(root)).includes("runs"));
    const usage = await training(paths, "--learning-rat", "1");
    assertEquals(usage.code, 2);
    assertStringIncludes(usage.stderr, "Unknown flag --learning-rat");
  }),
);
