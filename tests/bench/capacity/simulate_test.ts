import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { capacity, MEAN_PAUSE_MS, simulate } from "./simulate.ts";

Deno.test("one typist waits for nobody", () => {
  const { p95_ms, overtaken, busy } = simulate(1, [10]);
  assertEquals(Math.round(p95_ms), 10);
  // The chance that the next key comes within 10 ms.
  assertAlmostEquals(overtaken, 1 - Math.exp(-10 / MEAN_PAUSE_MS), 0.01);
  assertAlmostEquals(busy, 10 / MEAN_PAUSE_MS, 0.01);
});

Deno.test("more typists wait longer, and a faster model carries more of them", () => {
  const [few, many] = [2, 12].map((typists) => simulate(typists, [15]));
  assert(few.p95_ms < many.p95_ms && few.overtaken < many.overtaken);
  const goal = { p95_ms: 150, overtaken: 0.25 };
  const [slow, fast] = [40, 10].map((service) => capacity([service], goal));
  assert(slow >= 1 && fast > 3 * slow, `${slow} and ${fast}`);
  assertEquals(capacity([500], goal), 0);
});
