import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { bootstrap, holm, pairedBootstrap } from "../../../../pipeline/lib/base/bootstrap.ts";

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("the interval of a mean is close to ±1.96 standard errors", () => {
  // 400 values 0..9 in equal parts: mean 4.5, standard deviation 2.872.
  const values = Array.from({ length: 400 }, (_, index) => index % 10);
  const { value, low, high, notes } = bootstrap(values, mean);
  assertEquals([value, notes], [4.5, 400]);
  const half = 1.96 * 2.872 / Math.sqrt(400);
  assertAlmostEquals(low, 4.5 - half, 0.06);
  assertAlmostEquals(high, 4.5 + half, 0.06);
});

Deno.test("it is reproducible, and certain where nothing varies", () => {
  const values = [1, 5, 2, 8];
  assertEquals(bootstrap(values, mean), bootstrap(values, mean));
  const { low, high } = bootstrap([3, 3, 3], mean);
  assert(low === 3 && high === 3);
});

Deno.test("pairs: what is common to both cancels out, and chance is told from difference", () => {
  // Notes differ by up to 100, the two systems by 1 on every note: no doubt, however few notes.
  const sure = Array.from({ length: 20 }, (_, i) => [i * 5, i * 5 + 1] as const);
  const certain = pairedBootstrap(sure, mean);
  assertAlmostEquals(certain.value, 1);
  assert(certain.low > 0.999 && certain.p < 0.005);
  const even = Array.from({ length: 20 }, (_, i) => [i, i + (i % 2 ? 1 : -1)] as const);
  const chance = pairedBootstrap(even, mean);
  assert(chance.low < 0 && chance.high > 0 && chance.p > 0.5);
});

Deno.test("Holm's correction: smallest first, never falling, at most 1, in the order given", () => {
  assertEquals(holm([]), []);
  assertEquals(holm([0.03]), [0.03]);
  const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((p, i) => assertAlmostEquals(adjusted[i], p));
  assertEquals(holm([0.6, 0.7]), [1, 1]);
});
