// The audit on two models whose memory is known: an n-gram table of everything it has read, which
// knows its notes by heart, and the same table pruned to what most patients' notes share.

import { assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { audit } from "../../pipeline/audit/audit.ts";
import { canaryText } from "../../pipeline/audit/canaries.ts";
import { ngramAlone, weightCount } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { seededRandom } from "../../pipeline/lib/base/random.ts";
import { presets } from "../../pipeline/lib/gpt/config.ts";
import { notesOf, ORDER, scorerOf, tableOf, tokenizer } from "./characters.ts";

/** Notes of the same few sentences and one of random words each; two hold a code of their own. */
function corpus(notes: number, seed: number, codes: string[]): string[] {
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const shared = ["Seen on rounds.", "No acute distress.", "Follow up in clinic.", "Labs stable."];
  const word = () => Array.from({ length: 6 }, () => pick([..."abcdefghijklmnopqrst"])).join("");
  return Array.from({ length: notes }, (_, index) => {
    const own = Array.from({ length: 30 }, word).join(" ");
    return `${pick(shared)} ${pick(shared)} ${own}. ${pick(shared)} ${codes[index] ?? ""}`;
  });
}

const CONTEXT = 200;
const WEIGHTS = weightCount(ORDER);

/** Of a model that keeps what `minPatients` share, served with a table of what `served` share. */
function auditOf(minPatients: number, served?: number) {
  const codes = [canaryText(seededRandom(7)), canaryText(seededRandom(8))];
  const train = notesOf(corpus(120, 1, codes)), unseen = notesOf(corpus(40, 2, []));
  const ngram = tableOf(train, minPatients);
  return audit({
    run: "test",
    checkpoint: "",
    calibration: null,
    config: { ...presets.micro.model, n_positions: CONTEXT, vocab_size: tokenizer.vocabSize },
    passes: 9,
    model: ngramAlone(ngram, CONTEXT),
    mixture: served === undefined ? undefined : {
      table: { ngram: tableOf(train, served), weights: new Array(WEIGHTS).fill(0.9) },
    },
    scorer: scorerOf(ngram),
    tokenizer,
    train,
    members: train.slice(0, 40),
    unseen,
    reference: train.slice(40),
    texts: 10,
    completions: 20,
    seed: 1,
  });
}

Deno.test("a model that knows its notes by heart is found out", async () => {
  const report = await auditOf(1);
  assertEquals(report.verdict, "fail");
  assertEquals(report.advice.length, 1);
  assertStringIncludes(report.advice[0], "it has read them 9.0 times");
  assertGreater(report.regurgitation.train.repeated, 0.3);
  assertEquals(report.regurgitation.unseen.repeated, 0);
  assertGreater(report.membership.calibrated!.value, 0.95);
  const { ngramTrain, ngramUnseen } = report.regurgitation;
  assertEquals([ngramTrain.prompts, ngramUnseen.prompts], [40, 40]);
  assertGreater(ngramTrain.longestCharacters, ngramUnseen.longestCharacters);
  assertGreater(report.generated.unique, 5);
  for (const { planted, exposure, greatest } of report.canaries) {
    assertEquals(planted, 1);
    assertEquals(exposure, greatest, "a planted code is the likeliest of all");
  }
});

Deno.test("one that knows only what most patients' notes share gives nobody away", async () => {
  const report = await auditOf(60);
  const failed = report.checks.filter(({ outcome }) => outcome === "fail");
  assertEquals(failed, []);
  // Nothing speaks against it, but 40 notes and 20 completions do not speak for it either.
  assertEquals(report.verdict, "cannot tell");
  assertEquals(report.sizes, { members: 40, unseen: 40, texts: 10, completions: 20 });
  assertEquals(report.advice, []);
  assertEquals(report.regurgitation.train.repeated, 0);
  const { loss, calibrated } = report.membership;
  assertEquals(loss.low < 0.5 && calibrated!.low < 0.5 && calibrated!.high > 0.5, true);
  assertEquals(report.canaries.length, 2);
  for (const { exposure } of report.canaries) assertLess(exposure, 5);
});

Deno.test("what is served is audited: a table that knows notes by heart is found behind an innocent model", async () => {
  const report = await auditOf(60, 1);
  assertEquals(report.served, "gpt+mixture");
  assertGreater(report.regurgitation.train.repeated, 0.3);
  assertGreater(report.regurgitation.tableTrain!.repeated, 0.3);
  assertEquals(report.regurgitation.unseen.repeated, 0);
  const failed = report.checks.filter(({ outcome }) => outcome === "fail").map(({ name }) => name);
  assertEquals(failed.some((name) => name.includes("n-gram table alone")), true);
  assertEquals(report.verdict, "fail");
});
