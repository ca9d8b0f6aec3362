// A handoff that torchrun trained (two processes, gloo; see tests/oracle/handoff_torchrun.py) comes
// back as a run, and the folder it was trained from is still the one that is written today.

import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readTokens } from "../../pipeline/artifacts.ts";
import { readCheckpoint, readRunCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { readHuggingFaceModel } from "../../pipeline/lib/gpt/model/hugging_face_model.ts";
import { readLog } from "../../pipeline/train/log.ts";
import type { RunConfig } from "../../pipeline/train/run_folder.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { inputHashes, runTask, tinyHandoff } from "./tiny_handoff.ts";
import { entries, tinyWorkspace, training, writeTokens } from "./tiny_workspace.ts";

const fixture = join(import.meta.dirname!, "..", "fixtures", "handoff");

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

Deno.test(
  "handed off, trained by torchrun, stopped, gone on, imported: a run with PyTorch's loss",
  inFolder(async (root) => {
    const { paths, folder } = await tinyHandoff(root);
    const early = await runTask("import", folder, "--data", root);
    assertEquals(early.code, 1);
    assertStringIncludes(early.stderr, "its training has not ended");
    assert(!(await entries(root)).includes("runs"));

    const proven = JSON.parse(await Deno.readTextFile(join(fixture, "inputs.json")));
    const advice = "changed since it was proven: run tests/oracle/handoff_torchrun.py again";
    assertEquals(await inputHashes(folder), proven, advice);
    await copyFolder(join(fixture, "output"), join(folder, "output"));
    const { code, stderr, stdout } = await runTask("import", folder, "--data", root);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "Next: deno task calibrate");

    const run = paths.run("latest");
    const { parameters, state } = await readRunCheckpoint(run);
    const trained = await readHuggingFaceModel(join(fixture, "output", "best"));
    assertEquals(parameters, trained.parameters);
    const validations = (await readLog(run.log)).filter((entry) => entry.kind === "validation");
    assertEquals(validations.map(({ step }) => step), [0, 20, 40, 60]);
    assertEquals(state!.bestLoss, Math.min(...validations.map(({ loss }) => loss)));
    assertLess(state!.bestLoss!, validations[0].loss - 0.5);
    const steps = (await readLog(run.log)).filter((entry) => entry.kind === "train");
    assertEquals(steps.map(({ step }) => step), Array.from({ length: 60 }, (_, i) => i + 1));
    // 60 steps of 2 · 4 windows: what the audit takes for passes over the notes.
    const perEpoch = Math.floor(((await readTokens(paths.tokens("train"))).length - 1) / 16) - 1;
    const last = (await readCheckpoint(run.last)).state!;
    assertEquals(last.loader.epoch * perEpoch + last.loader.position, last.step * 8);
    assertEquals(last.loader.epoch, Math.floor(60 * 8 / perEpoch));

    const config: RunConfig = JSON.parse(await Deno.readTextFile(run.config));
    assertStringIncludes(config.engine, "2 processes");

    // Both start from the same weights and validate on the same windows.
    const flags = ["--init-from", join(folder, "initial"), "--run", "here", "--steps", "1"];
    const batches = ["--batch-size", "4", "--eval-tokens", "128"];
    const here = await training(paths, ...flags, ...batches);
    assertEquals(here.code, 0, here.stderr);
    const [first] = (await readLog(paths.run("here").log)).filter((e) => e.kind === "validation");
    assertLess(Math.abs(first.loss - validations[0].loss), 1e-4);
    assertLess(Math.abs(first.bitsPerCharacter - validations[0].bitsPerCharacter), 1e-4);
  }),
);

Deno.test(
  "what train.py cannot do is refused, and public texts stay behind",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const hand = (...args: string[]) =>
      runTask("main", "--data", root, "--preset", "micro", ...args);
    const muon = await hand("--optimizer", "muon");
    assertEquals(muon.code, 2);
    assertStringIncludes(muon.stderr, "AdamW only");
    assert(!(await entries(root)).includes("handoff"));
    await Deno.copyFile(paths.tokens("train"), paths.publicTokens);
    const { code, stderr } = await hand("--run", "notes");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "The public texts stay here");
    const config = JSON.parse(await Deno.readTextFile(join(root, "handoff", "notes", "run.json")));
    assertEquals(config.pretrain, undefined);
    for (const split of ["train", "val"] as const) await writeTokens(paths.tokens(split), []);
    assertStringIncludes((await hand("--run", "base")).stderr, "public texts and no notes");
  }),
);

Deno.test(
  "weights that do not give the loss that was logged are refused",
  inFolder(async (root) => {
    const { folder } = await tinyHandoff(root);
    await copyFolder(join(fixture, "output"), join(folder, "output"));
    const initial = join(folder, "initial", "model.safetensors");
    await Deno.copyFile(initial, join(folder, "output", "best", "model.safetensors"));
    const { code, stderr } = await runTask("import", folder, "--data", root);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "here the same weights give");
    assert(!(await entries(root)).includes("runs"));
  }),
);

Deno.test(
  "what was trained on other notes than those of the workspace is refused",
  inFolder(async (root) => {
    const { paths, folder } = await tinyHandoff(root);
    await copyFolder(join(fixture, "output"), join(folder, "output"));
    const refused = async (path: string, why: string) => {
      const before = await Deno.readFile(path);
      await Deno.writeFile(path, before.with(-1, before.at(-1)! ^ 1));
      const { code, stderr } = await runTask("import", folder, "--data", root);
      assertEquals(code, 1, stderr);
      assertEquals(stderr.trim().split("\n").length, 1, stderr);
      assertStringIncludes(stderr, why);
      assertStringIncludes(stderr, 'run "deno task handoff --run pytorch --data');
      assert(!(await entries(root)).includes("runs"));
      await Deno.writeFile(path, before);
    };
    await refused(paths.tokens("train"), "was made from another processed/train.bin than the one");
    await refused(paths.tokenizer, "was made from another processed/tokenizer.json than the one");
    await refused(join(folder, "val.bin"), "val.bin is not the file that");
    // Where there are no notes yet it is taken as it is.
    const other = join(root, "other");
    assertEquals((await runTask("import", folder, "--data", other)).code, 0);
  }),
);

Deno.test(
  "a folder that exists is not handed off to again without --force",
  inFolder(async (root) => {
    const { folder } = await tinyHandoff(root);
    const args = ["--data", root, "--run", "pytorch", "--preset", "micro"];
    const again = await runTask("main", ...args);
    assertEquals(again.code, 1);
    assertStringIncludes(again.stderr, `Cannot hand off to ${folder}: it exists`);
    assertEquals((await runTask("main", ...args, "--force")).code, 0);
  }),
);
