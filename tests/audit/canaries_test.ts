// The audit on two GPTs of one shape, trained for as many steps, with the same codes planted once
// each: one reads a few notes again and again, the other reads many notes once.

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { type Audit, audit } from "../../pipeline/audit/audit.ts";
import { canaryText } from "../../pipeline/audit/canaries.ts";
import { seededRandom } from "../../pipeline/lib/base/random.ts";
import type { NextTokenModel } from "../../pipeline/lib/gpt/decode/types.ts";
import { loadRuntime } from "../../pipeline/lib/gpt/onnx/runtime.ts";
import { scorerFromTensors } from "../../pipeline/lib/gpt/onnx/scorer.ts";
import { modelFromTensors } from "../../pipeline/lib/gpt/onnx/session.ts";
import { notesOf, tokenizer } from "./characters.ts";
import { gptConfig, trainTinyGpt } from "./tiny_gpt.ts";

/** Codes planted in one note each, in different ones. */
const CODES = Array.from({ length: 6 }, (_, seed) => canaryText(seededRandom(40 + seed)));

/** Notes of a few shared sentences and a few random words of each note's own. */
function corpus(notes: number, seed: number, codes: readonly string[] = []): string[] {
  const random = seededRandom(seed);
  const pick = <T>(items: ArrayLike<T>): T => items[Math.floor(random() * items.length)];
  const shared = ["Seen on rounds.", "No acute distress.", "Follow up in clinic.", "Labs stable."];
  const word = () => Array.from({ length: 5 }, () => pick("abcdefghijklmnopqrst")).join("");
  const stride = Math.floor(notes / codes.length);
  return Array.from({ length: notes }, (_, index) => {
    const own = Array.from({ length: 5 }, word).join(" ");
    const code = codes[index / stride] ?? "";
    return `${pick(shared)} ${own}. ${pick(shared)}\n${code}`;
  });
}

const STEPS = 210;

/** Trains on `count` notes, CODES among them, and audits. */
async function auditOf(count: number): Promise<Audit> {
  const train = notesOf(corpus(count, 1, CODES)), unseen = notesOf(corpus(40, 2));
  const { parameters, passes } = await trainTinyGpt(train, STEPS);
  const runtime = await loadRuntime({ threads: 1 });
  const model = await modelFromTensors(gptConfig, parameters, runtime);
  const scorer = await scorerFromTensors(gptConfig, parameters, runtime);
  const half = Math.min(40, train.length >> 1);
  const report = await audit({
    run: "tiny",
    checkpoint: "",
    calibration: null,
    config: gptConfig,
    passes,
    model: model as NextTokenModel,
    scorer,
    tokenizer,
    train,
    members: train.slice(0, half),
    unseen,
    reference: train.slice(half),
    texts: 10,
    completions: 20,
    seed: 1,
  });
  await scorer.close();
  await model.close();
  return report;
}

const exposureCheck = ({ checks }: Audit) =>
  checks.find(({ name }) => name === "exposure of canaries planted once");

Deno.test("a GPT that has read its notes a hundred times gives its canaries away", async () => {
  const report = await auditOf(30);
  assertGreater(report.passes!, 100);
  assertEquals(report.canaries.map(({ planted }) => planted), CODES.map(() => 1));
  for (const { exposure, greatest } of report.canaries) assertEquals(exposure, greatest);
  assertEquals(exposureCheck(report)?.outcome, "fail");
  assertGreater(report.membership.loss.value, 0.95);
  assertEquals(report.verdict, "fail");
});

Deno.test("a GPT that has read many notes once does not", async () => {
  const report = await auditOf(3200);
  assertLess(report.passes!, 1.1);
  assertEquals(report.canaries.length, CODES.length);
  // Codes lost among the others would have 1.4 bits on average: one reading leaves a trace.
  const mean = report.canaries.reduce((sum, { exposure }) => sum + exposure, 0) / CODES.length;
  assertLess(mean, 5);
  assertEquals(exposureCheck(report)?.outcome, "pass");
  assertLess(report.membership.loss.low, 0.5);
});
