import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Schedule } from "../../pipeline/lib/gpt/config.ts";
import { learningRate } from "../../pipeline/train/schedule.ts";

const at = (schedule: Schedule, steps = 100) => (step: number) =>
  learningRate(step, {
    steps,
    learningRate: 1,
    minLearningRate: 0.1,
    warmupSteps: 10,
    schedule,
    decayFraction: 0.2,
  });

for (const schedule of ["cosine", "linear", "constant", "wsd"] as const) {
  Deno.test(`${schedule} warms up in a straight line to the peak`, () => {
    assertEquals([1, 5, 10].map(at(schedule)), [0.1, 0.5, 1]);
  });
}

Deno.test("cosine: the middle lies half way, the end at the minimum", () => {
  assertAlmostEquals(at("cosine")(55), 0.55);
  assertAlmostEquals(at("cosine")(10 + 90 / 3), 0.1 + 0.9 * 0.75);
  assertAlmostEquals(at("cosine")(100), 0.1);
});

Deno.test("linear: a straight line to the minimum", () => {
  assertAlmostEquals(at("linear")(55), 0.55);
  assertAlmostEquals(at("linear")(100), 0.1);
});

Deno.test("constant: the peak to the end", () => {
  assertEquals(at("constant")(100), 1);
});

Deno.test("wsd: the peak until the last fifth, then down to the minimum", () => {
  assertEquals([11, 50, 80].map(at("wsd")), [1, 1, 1]);
  assertAlmostEquals(at("wsd")(90), 0.55);
  assertAlmostEquals(at("wsd")(100), 0.1);
  // Prolonged, its stable phase stays the same: that is what it is for.
  assertEquals(at("wsd", 200)(80), 1);
});

Deno.test("steps beyond the last keep the minimum", () => {
  for (const schedule of ["cosine", "linear", "wsd"] as const) {
    assertAlmostEquals(at(schedule)(150), 0.1);
  }
});
