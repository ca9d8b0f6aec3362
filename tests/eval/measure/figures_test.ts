import { assertAlmostEquals, assertEquals } from "@std/assert";
import { keystrokeResult, readingCosts } from "../../../pipeline/eval/measure/figures.ts";
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

Deno.test("the threshold is the one that leaves most when reading is paid for", () => {
  // Showing much saves most keys, showing little costs least to read.
  const notes = [0, 1].map(() => ({ typings: [typing(60, 40), typing(70, 10), typing(95, 0)] }));
  const levels = [0.2, 0.5, 0.9];
  const result = keystrokeResult(notes, 0.5, levels);
  assertEquals([result.mostSavings, result.best], [0.2, 0.5]);
  assertEquals(keystrokeResult(notes, 0, levels).best, 0.2);
  assertEquals(keystrokeResult(notes, 10, levels).best, 0.9);
  const [first, second] = result.curve;
  assertAlmostEquals(first.netSavings.value, 1 - (60 + 20) / 100);
  assertAlmostEquals(second.netSavings.value, 1 - (70 + 5) / 100);
  assertEquals(first.netAtCost.map(({ cost }) => cost), [...readingCosts]);
  first.netAtCost.forEach(({ cost, value }) => assertAlmostEquals(value, 0.4 - cost * 0.4));
  assertAlmostEquals(first.shownRate, 80 / 60);
  assertEquals([first.acceptance, first.acceptedLength], [0.5, 5]);
});

Deno.test("word by word has savings of its own; too few suggestions have no calibration", () => {
  const { curve, calibration } = keystrokeResult([{ typings: [typing(60, 10, 55)] }], 0.5, [0.3]);
  assertAlmostEquals(curve[0].wordByWord.value, 0.45);
  assertEquals(calibration, null);
});
