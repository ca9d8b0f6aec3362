import { assertMatch, assertStringIncludes } from "@std/assert";
import type { Compared, ContextReport } from "../../pipeline/eval/context/compare.ts";
import { contextPage, contextSummary } from "../../pipeline/eval/context/report.ts";

const estimate = (value: number) => ({ value, low: value - 0.01, high: value + 0.01, notes: 9 });
const compared = (without: number, known: number): Compared => ({
  without: estimate(without),
  with: estimate(known),
  difference: { ...estimate(known - without), p: 0.01 },
});

const report: ContextReport = {
  version: 1,
  lineage: { at: "", from: {} } as unknown as ContextReport["lineage"],
  run: "latest",
  split: "test",
  origin: "previous",
  system: "GPT + n-grams",
  minConfidence: 0.15,
  readingCost: 0.5,
  passages: 9,
  excerpt: 600,
  contextCharacters: 12_345,
  savings: compared(0.4, 0.47),
  netSavings: compared(0.3, 0.365),
  netSavingsOfRest: compared(0.29, 0.28),
  shareOfRest: 0.8,
  words: 100,
  top1: compared(0.3, 0.35),
  top3: compared(0.4, 0.48),
  numbers: { shown: { without: 0, with: 16 }, right: compared(0, 0.9375) },
  copied: { note: 0.6 },
};

Deno.test("the summary sets both beside each other, and calls no numbers neither right nor wrong", () => {
  const text = contextSummary(report);
  assertMatch(text, /keystrokes saved +40\.0% +47\.0% +\+7\.0 \(\+6\.0 to \+8\.0\)/);
  assertMatch(text, /does not hold +29\.0% +28\.0% +−1\.0/);
  assertMatch(text, /numbers that are right +– +93\.8% +–/);
  assertStringIncludes(text, "12,345 characters");
  assertStringIncludes(text, "60.0% from note");
  assertStringIncludes(contextPage(report), "What the context of the patient is worth to latest");
});
