// `deno task calibrate` and `deno task eval` as they are called, on a run that nobody trained.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { readReport } from "../../pipeline/artifacts/reports.ts";
import { readJson } from "../../pipeline/lib/base/files.ts";
import type { EvalReport } from "../../pipeline/eval/result.ts";
import { seededRandom } from "../../pipeline/lib/base/random.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";
import { writeTokens } from "../train/tiny_workspace.ts";

async function task(name: string, paths: Workspace, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name, "--data", paths.root, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const findings = ["no fever", "no cough", "mild pain", "clear lungs", "a soft abdomen", "no rash"];
const note = (seed: number) => {
  const random = seededRandom(seed + 1);
  const below = (n: number) => Math.floor(random() * n);
  const found = Array.from({ length: 12 }, () => `${findings[below(6)]} in bed ${below(1000)}`);
  return `Dr. ___ saw the patient. On exam: ${found.join(", ___, ")}.`;
};

/** Token files of invented notes; `copied` test notes stand in the training set word for word. */
async function tinyNotes(root: string, copied: number): Promise<Workspace> {
  const paths = workspace(root), run = paths.run("latest");
  await writeTinyRun(run.root);
  const tokenizer = createTokenizer(await readJson(run.tokenizer, ""));
  const write = (split: "train" | "val" | "test", seeds: number[]) =>
    writeTokens(
      paths.tokens(split),
      seeds.flatMap((seed) => [tokenizer.endOfText, ...tokenizer.encode(note(seed))]),
    );
  const some = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  await write("train", some(0, 6));
  await write("val", some(20, 4));
  await write("test", [...some(0, copied), ...some(40, 4)]);
  return paths;
}

const few = ["--notes", "3", "--excerpt", "60"];

Deno.test(
  "eval measures what calibrate has fitted on validation notes, and fits nothing",
  inFolder(async (root) => {
    const paths = await tinyNotes(root, 2), run = paths.run("latest");
    const early = await task("eval", paths, ...few);
    assertEquals(early.code, 1);
    assertMatch(early.stderr, /calibration\.json; run "deno task calibrate --data .*" first$/);

    const fitted = await task("calibrate", paths, ...few, "--train-notes", "6");
    assertEquals(fitted.code, 0, fitted.stderr);
    assertStringIncludes(fitted.stdout, "Served: GPT");
    const file = await readReport("calibration", run.calibration, "");
    assertEquals(Object.keys(file.lineage.from).sort(), [
      "processed/train.bin",
      "processed/val.bin",
      "run/last/model.safetensors",
      "run/tokenizer.json",
    ]);
    assertEquals(file.mixture.table, null);
    assertEquals(file.systems.map(({ kind }) => kind), [
      ...["gpt", "gpt+mixture"],
      ...["baseline", "baseline", "baseline"],
    ]);

    const measured = await task("eval", paths, ...few, "--words", "10");
    assertEquals(measured.code, 0, measured.stderr);
    const report = await readJson<EvalReport>(join(run.eval, "eval.json"), "");
    assertEquals(report.served, file.served);
    for (const { name, keystrokes } of report.models) {
      const system = file.systems.find((one) => one.name === name);
      assertEquals(
        [keystrokes?.best, keystrokes?.mostSavings],
        [system?.best, system?.mostSavings],
      );
    }
    assertEquals(report.nearCopies?.scored, 2);
    assertEquals(report.nearCopies?.without?.scored, 4);
    assertEquals(
      report.nearCopies?.without?.models.map(({ name }) => name),
      report.models.map(({ name }) => name),
    );
    assert(report.placeholders.characters > 0);
    assertStringIncludes(measured.stdout, "2 of the 6 notes repeat passages of a training note");
    assertStringIncludes(measured.stdout, "Holm's method");
    assertEquals(await readReport("calibration", run.calibration, ""), file, "eval wrote it");

    const page = await Deno.readTextFile(join(run.eval, "index.html"));
    assertStringIncludes(page, "Without notes that repeat a training note");
    assertStringIncludes(page, "Is it really better?");

    const moved = await task("eval", paths, "--reading-cost", "1");
    assertEquals(moved.code, 2);
    assertStringIncludes(moved.stderr, '--reading-cost is a flag of "deno task calibrate" now');
  }),
);

Deno.test(
  "what is fitted does not depend on the test notes; on other validation notes it is stale",
  inFolder(async (root) => {
    const paths = await tinyNotes(root, 0), run = paths.run("latest");
    const calibrate = async () => {
      const { code, stderr } = await task("calibrate", paths, ...few, "--no-baselines");
      assertEquals(code, 0, stderr);
      const { lineage: { created: _, ...lineage }, ...file } = await readReport(
        "calibration",
        run.calibration,
        "",
      );
      return { ...file, lineage };
    };
    const first = await calibrate();
    await Deno.copyFile(paths.tokens("train"), paths.tokens("test"));
    assertEquals(await calibrate(), first);
    await Deno.remove(paths.tokens("test"));
    assertEquals(await calibrate(), first);

    await Deno.copyFile(paths.tokens("train"), paths.tokens("test"));
    await Deno.copyFile(paths.tokens("train"), paths.tokens("val"));
    const stale = await task("eval", paths, ...few);
    assertEquals(stale.code, 1);
    assertMatch(
      stale.stderr,
      /^error: Cannot evaluate run "latest": .*made from another .*val\.bin.*run "deno task calibrate/,
    );
  }),
);

Deno.test(
  "too few validation notes are said before anything is computed",
  inFolder(async (root) => {
    const paths = await tinyNotes(root, 0);
    await writeTokens(paths.tokens("val"), [0, 5, 6, 7]);
    const { code, stderr } = await task("calibrate", paths, ...few);
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "Cannot calibrate: the val split has 1 notes, expected at least 2",
    );
  }),
);
