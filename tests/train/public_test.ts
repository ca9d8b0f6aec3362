// Public texts first, then the notes, in one command: stopped in either phase and resumed, the same
// run; what log, config and checkpoints say; a base of public texts alone.

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { presets } from "../../pipeline/lib/gpt/config.ts";
import type { RunPaths, Workspace } from "../../pipeline/artifacts.ts";
import { readCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { overridesOf, pretrainConfig } from "../../pipeline/train/flags.ts";
import { inOneRow } from "../../pipeline/train/curves.ts";
import { type LogEntry, readLog, RunLog } from "../../pipeline/train/log.ts";
import { readRunConfig } from "../../pipeline/train/run_folder.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { Random } from "../../pipeline/lib/base/random.ts";
import { charTokenizerJson } from "../../pipeline/tokenize/tokenizer_json.ts";
import { inFolder } from "../helpers/in_folder.ts";
import {
  entries,
  outcomeOf,
  startTraining,
  tinyFlags,
  tinyWorkspace,
  training,
  writeTokens,
} from "./tiny_workspace.ts";

const words = "a fracture is a break in a bone and heals in six weeks with rest".split(" ");

/** A workspace with notes and a public.bin of invented texts. */
async function withPublic(root: string): Promise<Workspace> {
  const paths = await tinyWorkspace(root);
  const tokenizer = createTokenizer(charTokenizerJson());
  const random = new Random(1, "public");
  const tokens = Array.from({ length: 60 }, () => {
    const text = Array.from({ length: 40 }, () => words[random.below(words.length)]).join(" ");
    return [tokenizer.endOfText, ...tokenizer.encode(text)];
  });
  await writeTokens(paths.publicTokens, tokens.flat());
  return paths;
}

const flags = [
  ...tinyFlags(40),
  ...["--eval-interval", "20", "--checkpoint-interval", "4", "--resid-pdrop", "0.1"],
  ...["--optimizer", "muon", "--pretrain-passes", "0.25", "--pretrain-batch-size", "8"],
];

/** Waits until the log has a line of this phase for `step`. */
async function until(run: RunPaths, step: number, phase?: "public"): Promise<void> {
  const there = (entries: LogEntry[]) =>
    entries.some((entry) => entry.kind === "train" && entry.step >= step && entry.phase === phase);
  while (!there(await readLog(run.log).catch(() => []))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const history = async (run: RunPaths) =>
  (await readLog(run.log)).filter(({ kind }) => kind !== "event")
    .map((entry) => ({ ...entry, tokensPerSecond: 0, mfu: 0, seconds: 0 }));

Deno.test(
  "killed among the public texts and among the notes, resumed each time: not one bit differs",
  inFolder(async (root) => {
    const paths = await withPublic(root);
    const whole = await training(paths, "--run", "whole", ...flags);
    assertEquals(whole.code, 0, whole.stderr);
    const run = paths.run("killed"), resume = ["--run", "killed", "--resume"];
    let start = ["--run", "killed", ...flags];
    for (const [step, phase] of [[6, "public"], [14, "public"], [9, undefined]] as const) {
      const process = startTraining(paths, ...start);
      const ended = outcomeOf(process);
      await until(run, step, phase);
      process.kill("SIGKILL");
      await ended;
      start = resume;
    }
    const { code, stderr } = await training(paths, ...resume);
    assertEquals(code, 0, stderr);
    const other = paths.run("whole");
    assertEquals(await history(run), await history(other));
    for (const folder of ["base", "best", "last"] as const) {
      const [one, two] = [await readCheckpoint(run[folder]), await readCheckpoint(other[folder])];
      assertEquals(one.parameters, two.parameters, folder);
    }

    const config = await readRunConfig(run);
    assertEquals(config.pretrain!.train.batchSize, 8);
    assertEquals(config.train.batchSize, 4);
    assertMatch(config.lineage.from["processed/public.bin"], /^[0-9a-f]{64}$/);
    const log = await readLog(run.log);
    const last = (phase?: "public") =>
      log.findLast((e) => e.kind === "train" && e.phase === phase)!;
    assertEquals([last("public").step, last().step], [config.pretrain!.train.steps, 40]);
    assertEquals((await readCheckpoint(run.last)).state!.phase, undefined);
    // What the public texts taught is there when the notes begin.
    const first = log.find((e) => e.kind === "validation" && e.phase === "public")!;
    const notes = log.find((e) => e.kind === "validation" && e.phase === undefined)!;
    assert(first.kind === "validation" && notes.kind === "validation");
    assertLess(notes.loss, first.loss);
    assertStringIncludes(await Deno.readTextFile(run.curves), "notes");

    const changed = await training(paths, ...resume, "--pretrain-passes", "2");
    assertEquals(changed.code, 1);
    assertStringIncludes(changed.stderr, "--pretrain");
  }),
);

Deno.test(
  "a base of public texts alone, and a run on notes that begins with it",
  inFolder(async (root) => {
    const base = await withPublic(join(root, "base"));
    await writeTokens(base.tokens("train"), []);
    await writeTokens(base.tokens("val"), []);
    const made = await training(base, ...tinyFlags(20));
    assertEquals(made.code, 0, made.stderr);
    assertStringIncludes(made.stdout, "deno task tokenize --tokenizer");
    const { data, pretrain } = await readRunConfig(base.run("latest"));
    assertEquals(pretrain, undefined);
    assertEquals(data.train.path, base.publicTokens);
    assert(data.val.tokens > 16 && data.val.tokens < data.train.tokens / 20);

    const config = base.run("latest").config;
    const json = JSON.parse(await Deno.readTextFile(config));
    await Deno.writeTextFile(
      config,
      JSON.stringify({ ...json, licences: { web: "CC BY-NC 4.0" } }),
    );
    // With public texts beside the notes, too: the base has read them.
    const notes = await withPublic(join(root, "notes"));
    const init = ["--init-from", base.run("latest").root, "--steps", "4", "--batch-size", "4"];
    const { code, stderr } = await training(notes, ...init, "--eval-tokens", "128");
    assertEquals(code, 0, stderr);
    const run = notes.run("latest");
    assertEquals((await readRunConfig(run)).licences, { web: "CC BY-NC 4.0" });
    assertEquals((await readRunConfig(run)).pretrain, undefined);
    assertEquals((await entries(run.root)).includes("base"), false);
  }),
);

Deno.test("--pretrain-passes without public texts is refused, and 0 leaves them out", async () => {
  await inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const refused = await training(paths, ...tinyFlags(2), "--pretrain-passes", "1");
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "ingest --public");
  })();
});

Deno.test("the public phase follows the notes' values, but for those of its own", () => {
  const model = { ...presets.micro.model, vocab_size: 300 }, { train } = presets.micro;
  const tokens = 1 + 1000 * model.n_positions;
  const one = pretrainConfig(train, undefined, tokens, model)!;
  assertEquals(one, { passes: 1, train: { ...train, steps: 250, warmupSteps: 25, patience: 0 } });
  const { pretrain } = overridesOf({
    pretrainPasses: 2,
    pretrainLearningRate: 0.01,
    pretrainBatchSize: 10,
    pretrainOptimizer: "muon",
  });
  const two = pretrainConfig(train, pretrain, tokens, model)!.train;
  assertEquals([two.steps, two.batchSize, two.optimizer], [200, 10, "muon"]);
  assertAlmostEquals(two.minLearningRate, 0.001);
  assertEquals(pretrainConfig(train, { passes: 0, train: {} }, tokens, model), undefined);
  assertEquals(pretrainConfig(train, undefined, 0, model), undefined);
});

Deno.test(
  "a log reopened in either phase keeps what that phase has behind it",
  inFolder(async (root) => {
    const path = join(root, "log.jsonl");
    const event = (step: number, phase?: "public"): LogEntry => ({
      kind: "event",
      step,
      message: "",
      ...(phase ? { phase } : {}),
    });
    const steps = (log: LogEntry[]) => log.map(({ step, phase }) => phase ? -step : step);
    const all = [event(1, "public"), event(9, "public"), event(1), event(2)];
    for (
      const [step, phase, left] of [
        [1, undefined, [-1, -9, 1]],
        [0, undefined, [-1, -9]],
        [5, "public", [-1]],
      ] as const
    ) {
      await Deno.writeTextFile(path, all.map((entry) => JSON.stringify(entry) + "\n").join(""));
      const log = await RunLog.open(path, step, phase);
      log.close();
      assertEquals(steps(await readLog(path)), [...left]);
    }
  }),
);

Deno.test("curves show the notes behind the public texts", () => {
  const validation = (step: number, phase?: "public"): LogEntry => ({
    kind: "validation",
    step,
    tokens: 10 * step,
    loss: 1,
    bitsPerCharacter: 1,
    seconds: 1,
    ...(phase ? { phase } : {}),
  });
  const { entries, border } = inOneRow([
    validation(0, "public"),
    validation(7, "public"),
    validation(3),
  ]);
  assertEquals(border, { step: 7, tokens: 70 });
  assertEquals(entries.map(({ step }) => step), [0, 7, 10]);
  assertEquals(inOneRow([validation(3)]).border, undefined);
});
