// What a run meets in a long life: a disk that fills, a folder it may not write to, files that
// somebody cut, removed or edited. Each time one line that says what to do, and the last checkpoint
// as it was.

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { RunPaths, Workspace } from "../../pipeline/artifacts.ts";
import { readCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { readLog } from "../../pipeline/train/log.ts";
import { inFolder } from "../helpers/in_folder.ts";
import {
  entries,
  type Outcome,
  tinyFlags,
  tinyWorkspace,
  training,
  trainingWithFilesUpTo,
} from "./tiny_workspace.ts";

/** A run of eight steps with checkpoints at the start and the end. */
async function shortRun(root: string): Promise<{ paths: Workspace; run: RunPaths }> {
  const paths = await tinyWorkspace(root);
  const { code, stderr } = await training(paths, ...tinyFlags(8), "--schedule", "constant");
  assertEquals(code, 0, stderr);
  return { paths, run: paths.run("latest") };
}

/** Failed, with the reason as the only line that is an error. */
function reasonOf({ code, stdout, stderr }: Outcome): string {
  assertEquals([code, stdout], [1, ""], stderr);
  const errors = stderr.trimEnd().split("\n").filter((line) => line.startsWith("error: "));
  assertEquals(errors.length, 1, stderr);
  return errors[0];
}

const refused = async (paths: Workspace, ...args: string[]) =>
  reasonOf(await training(paths, ...args));

const checkpoints = async (
  run: RunPaths,
) => [await readCheckpoint(run.last), await readCheckpoint(run.best)];

const trainSteps = async (run: RunPaths) =>
  (await readLog(run.log)).filter((entry) => entry.kind === "train").map(({ step }) => step);

const oneTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

Deno.test(
  "no room for a checkpoint: the previous one is intact, and once there is room the run goes on",
  inFolder(async (root) => {
    const { paths, run } = await shortRun(root);
    const before = await checkpoints(run);
    // The weights fit, the optimizer's moments, twice as large, do not.
    const { size } = await Deno.stat(join(run.last, "optimizer.safetensors"));
    const longer = ["--resume", "--steps", "12"];
    const reason = reasonOf(await trainingWithFilesUpTo(0.9 * size, paths, ...longer));
    assertMatch(reason, /Cannot write checkpoint \S+\/(last|best): File too large/);
    assertStringIncludes(reason, "the previous one is intact; free space");
    assertEquals(await checkpoints(run), before);
    assertEquals((await entries(run.root)).filter((name) => name.includes(".tmp")), []);
    const { code, stderr } = await training(paths, ...longer);
    assertEquals(code, 0, stderr);
    assertEquals(await trainSteps(run), oneTo(12));
  }),
);

Deno.test(
  "no room for the log: the torn line is dropped when the run goes on",
  inFolder(async (root) => {
    const { paths, run } = await shortRun(root);
    const before = await readCheckpoint(run.last);
    const { size } = await Deno.stat(join(run.last, "optimizer.safetensors"));
    // A log that is larger than anything else the run writes, and then grows.
    const note = { kind: "event", step: 8, message: "x".repeat(size) };
    await Deno.writeTextFile(run.log, JSON.stringify(note) + "\n", { append: true });
    const room = (await Deno.stat(run.log)).size + 600;
    const longer = ["--resume", "--steps", "12"];
    const reason = reasonOf(await trainingWithFilesUpTo(room, paths, ...longer));
    assertStringIncludes(reason, `Cannot write to ${run.root}: File too large`);
    assertStringIncludes(reason, "the last checkpoint, which is intact");
    assertEquals(await readCheckpoint(run.last), before);
    assertLess((await trainSteps(run)).length, 12);
    const { code, stderr } = await training(paths, ...longer);
    assertEquals(code, 0, stderr);
    assertEquals(await trainSteps(run), oneTo(12));
  }),
);

Deno.test(
  "a folder that cannot be written to is named, with what to do",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    await Deno.writeTextFile(paths.runs, "a file in its place stops the superuser as well");
    const reason = await refused(paths, ...tinyFlags(8));
    assertMatch(reason, /^error: Cannot write to .*latest: .*; free space or fix permissions/);
    assertStringIncludes(reason, 'start again: "deno task train"');
    assertEquals(await entries(root), ["processed", "runs"]);
  }),
);

Deno.test(
  "a cut, an incomplete and a missing checkpoint are refused by file, untouched",
  inFolder(async (root) => {
    const { paths, run } = await shortRun(root);
    const resume = ["--resume", "--steps", "12"];
    for (const name of ["optimizer.safetensors", "model.safetensors"]) {
      const file = join(run.last, name);
      const whole = await Deno.readFile(file);
      await Deno.writeFile(file, whole.slice(0, -100));
      assertStringIncludes(await refused(paths, ...resume), `${file}: its checksum`);
      await Deno.remove(file);
      assertStringIncludes(await refused(paths, ...resume), `Cannot find ${file}`);
      await Deno.writeFile(file, whole);
    }
    assertEquals((await readCheckpoint(run.last)).state!.step, 8);
    await Deno.rename(run.last, join(run.root, "elsewhere"));
    await Deno.rename(run.best, join(run.root, "best elsewhere"));
    assertStringIncludes(await refused(paths, ...resume), `Cannot find checkpoint ${run.last}`);
  }),
);

Deno.test(
  "last/ is missing, best/ is whole: the run goes on from there, as it did the first time",
  inFolder(async (root) => {
    const { paths, run } = await shortRun(root);
    const whole = await training(paths, "--resume", "--steps", "12");
    assertEquals(whole.code, 0, whole.stderr);
    const expected = (await readCheckpoint(run.last)).parameters;

    const again = await shortRun(join(root, "again"));
    await Deno.remove(again.run.best, { recursive: true });
    await Deno.rename(again.run.last, again.run.best);
    const { code, stderr } = await training(again.paths, "--resume", "--steps", "12");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "last/ is missing, going on from best/ at step 8");
    assertEquals((await readCheckpoint(again.run.last)).parameters, expected);
  }),
);

Deno.test(
  "a changed model, config.json and data are refused when resuming; more steps are not",
  inFolder(async (root) => {
    const { paths, run } = await shortRun(root);
    assertStringIncludes(
      await refused(paths, "--resume", "--n-embd", "32"),
      "another n_embd: the run has 16, the command line says 32",
    );
    const config = await Deno.readTextFile(run.config);
    await Deno.writeTextFile(run.config, config.replace('"n_layer": 1', '"n_layer": 2'));
    assertStringIncludes(
      await refused(paths, "--resume", "--steps", "12"),
      `${run.config} says n_layer 2, the checkpoint in ${run.last} has 1; put 1 back there`,
    );
    await Deno.writeTextFile(run.config, config.slice(0, -20));
    assertStringIncludes(
      await refused(paths, "--resume", "--steps", "12"),
      `Cannot read ${run.config}: expected JSON`,
    );
    await Deno.writeTextFile(run.config, config);
    const done = await training(paths, "--resume");
    assertStringIncludes(done.stdout, "has done its 8 steps; give a larger --steps");
    const longer = await training(paths, "--resume", "--steps", "12");
    assertEquals(longer.code, 0, longer.stderr);
    assertStringIncludes(longer.stderr, "Changed: steps 8 → 12");
    const roof = (text: string) => JSON.parse(text).roof;
    assertEquals(
      roof(await Deno.readTextFile(run.config)),
      roof(config),
      "known, not measured again",
    );
    assertEquals(await trainSteps(run), oneTo(12));
    const bytes = await Deno.readFile(paths.tokens("train"));
    bytes[2000] ^= 1;
    await Deno.writeFile(paths.tokens("train"), bytes);
    assertStringIncludes(
      await refused(paths, "--resume", "--steps", "16"),
      "was made from another processed/train.bin than the one written",
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
