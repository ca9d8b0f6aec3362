import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { calibrationOf } from "../../../pipeline/eval/measure/calibration_error.ts";

/** Claims whose confidence runs from 0 to 1, right with a probability of `truth(confidence)`. */
function claims(count: number, truth: (confidence: number) => number) {
  let state = 12345;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const confidence = Float32Array.from({ length: count }, (_, i) => (i + 0.5) / count);
  return { confidence, right: Uint8Array.from(confidence, (c) => random() < truth(c) ? 1 : 0) };
}

Deno.test("who is right as often as he says has no calibration error, who boasts has", () => {
  const honest = calibrationOf([claims(5000, (c) => c), claims(5000, (c) => c)])!;
  assertLess(honest.ece.value, 0.02);
  assertEquals(honest.suggestions, 10_000);
  const boasting = calibrationOf([claims(5000, (c) => c / 2), claims(5000, (c) => c / 2)])!;
  // Mean of |c/2 − c| over a uniform c.
  assertAlmostEquals(boasting.ece.value, 0.25, 0.02);
});

Deno.test("bins hold equally many, in order", () => {
  const { bins } = calibrationOf([claims(1000, () => 1)])!;
  assertEquals(bins.map(({ suggestions }) => suggestions), new Array(10).fill(100));
  assertEquals(bins.every(({ right }) => right === 1), true);
  bins.forEach(({ confidence }, i) => assertAlmostEquals(confidence, (i + 0.5) / 10, 1e-3));
});

Deno.test("too few suggestions say nothing", () => {
  assertEquals(calibrationOf([claims(99, (c) => c)]), null);
});
