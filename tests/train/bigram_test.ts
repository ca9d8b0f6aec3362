import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "@std/assert";
import { readTokens } from "../../pipeline/artifacts.ts";
import { bigramBaseline, BigramCounts } from "../../pipeline/train/bigram.ts";
import type { Batch } from "../../pipeline/train/engine.ts";
import { readLog } from "../../pipeline/train/log.ts";
import type { RunConfig } from "../../pipeline/train/run_folder.ts";
import { createWatchApp, type RunRow } from "../../pipeline/train/watch/app.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { tinyTokens } from "./tiny_job.ts";
import { tinyFlags, tinyWorkspace, training } from "./tiny_workspace.ts";
import { Random } from "../../pipeline/lib/base/random.ts";

const batch = (inputs: number[], targets: number[]): Batch => ({
  inputs: Int32Array.from(inputs),
  targets: Int32Array.from(targets),
});

Deno.test("the loss is that of the formula, worked out by hand", () => {
  const tokens = Uint16Array.of(0, 1, 0, 1, 0, 2); // counts: 0→1 twice, 1→0 twice, 0→2 once
  const { loss, k } = bigramBaseline(tokens, [batch([0, 1, 2], [1, 0, 0])], 3);
  const unigram = [4 / 9, 3 / 9, 2 / 9]; // (3 + 1) / (6 + 3), …
  const byHand = -(
    Math.log((2 + k * unigram[1]) / (3 + k)) +
    Math.log((2 + k * unigram[0]) / (2 + k)) +
    Math.log(unigram[0] * k / (1 + k))
  ) / 3;
  assertAlmostEquals(loss, byHand, 1e-12);
});

Deno.test("on text that is a bigram process it reaches the process' entropy", () => {
  // From every token, two successors with probabilities 3/4 and 1/4.
  const random = new Random(1);
  const make = (count: number) => {
    const tokens = new Uint16Array(count);
    for (let i = 1; i < count; i++) {
      tokens[i] = (tokens[i - 1] * 3 + (random.uniform() < 0.75 ? 1 : 2)) % 16;
    }
    return tokens;
  };
  const train = make(200_000), held = make(20_001);
  const { loss } = bigramBaseline(
    train,
    [batch([...held.subarray(0, 20_000)], [...held.subarray(1)])],
    16,
  );
  const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
  assertAlmostEquals(loss, entropy, 0.015);
  assertLess(loss, Math.log(16));
});

Deno.test("counted in parts, it is what it is counted at once", () => {
  const tokens = tinyTokens(600, 1), batches = [batch([1, 2, 3, 4], [2, 3, 9, 5])];
  const counts = new BigramCounts(batches, 24);
  for (let from = 0; from < 600; from += 70) counts.add(tokens, from, Math.min(from + 70, 600));
  assertEquals(counts.baseline(), bigramBaseline(tokens, batches, 24));
});

Deno.test(
  "--preset bigram: a run with the log format of the others, which watch shows beside them",
  inFolder(async (root) => {
    const paths = await tinyWorkspace(root);
    const shape = ["--n-positions", "16", "--batch-size", "4", "--eval-tokens", "128"];
    const often = ["--eval-interval", "50"];
    const gpt = await training(paths, ...tinyFlags(2));
    assertEquals(gpt.code, 0, gpt.stderr);
    const { code, stdout, stderr } = await training(
      paths,
      "--preset",
      "bigram",
      ...shape,
      ...often,
    );
    assertEquals(code, 0, stderr);
    const run = paths.run("bigram");
    const { baseline }: RunConfig = JSON.parse(await Deno.readTextFile(paths.run("latest").config));
    const log = await readLog(run.log);
    const losses = log.flatMap((entry) => entry.kind === "validation" ? [entry.loss] : []);
    assertAlmostEquals(losses[0], Math.log(38), 1e-12); // nothing counted: every token alike
    assertGreater(losses.length, 3);
    assertEquals(losses.at(-1), baseline.bigram); // the line that every other run is drawn with
    assertStringIncludes(stdout, `validation loss ${baseline.bigram.toFixed(4)}`);
    const last = log.at(-1)!;
    assertEquals(
      last.kind === "validation" && last.tokens,
      (await readTokens(paths.tokens("train"))).length,
    );
    const rows: RunRow[] = await (await createWatchApp(paths).request("/runs")).json();
    assertEquals(rows.map(({ name }) => name).sort(), ["bigram", "latest"]);
    const row = rows.find(({ name }) => name === "bigram")!;
    assertEquals([row.step, row.validationLoss, row.mfu], [row.steps, losses.at(-1)!, null]);

    const again = await training(paths, "--preset", "bigram", ...shape);
    assertEquals(again.code, 0, again.stderr);
    const odd = await training(paths, "--preset", "bigram", "--learning-rate", "1");
    assertEquals(odd.code, 2);
    assertStringIncludes(odd.stderr, "--learning-rate means nothing to counted bigrams");
    const resumed = await training(paths, "--resume", "--run", "bigram");
    assertEquals(resumed.code, 2);
    assertStringIncludes(resumed.stderr, 'Run "bigram" is a counted baseline');
    const started = await training(paths, "--preset", "bigram", "--init-from", "gpt2");
    assertEquals(started.code, 2);
    assertStringIncludes(started.stderr, "leave out --init-from");
  }),
);

Deno.test("a pair and a token never seen still have a probability", () => {
  const { loss } = bigramBaseline(Uint16Array.of(0, 1, 0, 1), [batch([3], [3])], 4);
  assertEquals(Number.isFinite(loss), true);
});
