import { assertAlmostEquals, assertEquals } from "@std/assert";
import { keystrokeResult, nextWordResult } from "../../../pipeline/eval/measure/figures.ts";
import {
  chooseThresholds,
  readingCosts,
  savingsCurve,
} from "../../../pipeline/lib/gpt/typing/curve.ts";
import type { ThresholdTyping } from "../../../pipeline/lib/gpt/typing/thresholds.ts";

/** What the typist did with 100 characters at one threshold. */
const typing = (keystrokes: number, read: number, byWordKeys = keystrokes): ThresholdTyping => {
  const whole = {
    characters: 100,
    keystrokes,
    shown: 2 * read,
    read,
    accepted: read,
    acceptedCharacters: 5 * read,
  };
  return {
    whole,
    byWord: { ...whole, keystrokes: byWordKeys },
    claims: { confidence: new Float32Array(), right: new Uint8Array() },
  };
};

const levels = [0.2, 0.5, 0.9];

Deno.test("the curve holds savings with and without the cost of reading", () => {
  // Showing much saves most keys, showing little costs least to read.
  const notes = [0, 1].map(() => ({ typings: [typing(60, 40), typing(70, 10), typing(95, 0)] }));
  const curve = savingsCurve(notes, 0.5, levels);
  assertEquals(chooseThresholds(curve), { mostSavings: 0.2, best: 0.5 });
  assertEquals(chooseThresholds(savingsCurve(notes, 0, levels)).best, 0.2);
  assertEquals(chooseThresholds(savingsCurve(notes, 10, levels)).best, 0.9);
  const [first, second] = curve;
  assertAlmostEquals(first.netSavings.value, 1 - (60 + 20) / 100);
  assertAlmostEquals(second.netSavings.value, 1 - (70 + 5) / 100);
  assertEquals(first.netAtCost.map(({ cost }) => cost), [...readingCosts]);
  first.netAtCost.forEach(({ cost, value }) => assertAlmostEquals(value, 0.4 - cost * 0.4));
  assertAlmostEquals(first.shownRate, 80 / 60);
  assertEquals([first.acceptance, first.acceptedLength], [0.5, 5]);
});

Deno.test("eval takes the calibrated thresholds, however the notes it measures turn out", () => {
  const notes = [0, 1].map(() => ({ typings: [typing(60, 40), typing(70, 10), typing(95, 0)] }));
  const { best, mostSavings } = keystrokeResult(
    notes,
    0.5,
    { best: 0.9, mostSavings: 0.5 },
    levels,
  );
  assertEquals([best, mostSavings], [0.9, 0.5]);
});

Deno.test("word by word has savings of its own; too few suggestions have no calibration", () => {
  const { curve, calibration } = keystrokeResult(
    [{ typings: [typing(60, 10, 55)] }],
    0.5,
    { best: 0.3, mostSavings: 0.3 },
    [0.3],
  );
  assertAlmostEquals(curve[0].wordByWord.value, 0.45);
  assertEquals(calibration, null);
});

Deno.test("what de-identification left counts neither as missed nor as known", () => {
  const word = { class: "word" as const, known: true, ranks: [1] };
  const redacted = { class: "redacted" as const, known: false, ranks: [0] };
  const { words, top1, byClass, outOfVocabulary } = nextWordResult([
    { words: [word, redacted, redacted] },
    { words: [word, { ...word, ranks: [0] }] },
  ]);
  assertEquals([words, top1.value], [3, 2 / 3]);
  assertEquals(byClass.redacted, { words: 2, top1: 0, top3: 0 });
  assertEquals(outOfVocabulary!.share.value, 0);
});
