import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { Random } from "../../../pipeline/lib/base/random.ts";

Deno.test("a seed and a stream name fix the sequence; another of either changes it", () => {
  const take = (seed: number, stream?: string) => {
    const random = new Random(seed, stream);
    return Array.from({ length: 4 }, () => random.bits());
  };
  assertEquals(take(1, "a"), take(1, "a"));
  assertNotEquals(take(1, "a"), take(2, "a"));
  assertNotEquals(take(1, "a"), take(1, "b"));
  assertNotEquals(take(1, "a"), take(1 + 2 ** 32, "a"));
});

Deno.test("normal numbers have mean 0, variance 1 and normal tails", () => {
  const random = new Random(3);
  const count = 200_000;
  let sum = 0, squares = 0, beyondTwo = 0;
  for (let i = 0; i < count; i++) {
    const value = random.normal();
    sum += value;
    squares += value * value;
    if (Math.abs(value) > 2) beyondTwo++;
  }
  // Four standard errors of each estimate.
  assertAlmostEquals(sum / count, 0, 4 / Math.sqrt(count));
  assertAlmostEquals(squares / count, 1, 4 * Math.sqrt(2 / count));
  assertAlmostEquals(beyondTwo / count, 0.0455, 4 * Math.sqrt(0.0455 / count));
});

Deno.test("shuffle is a permutation in which every place is equally likely", () => {
  const counts = new Array(4).fill(0);
  for (let seed = 0; seed < 8000; seed++) {
    const order = new Random(seed, "shuffle").shuffle([0, 1, 2, 3]);
    assertEquals([...order].sort(), [0, 1, 2, 3]);
    counts[order.indexOf(0)]++;
  }
  for (const count of counts) assert(Math.abs(count - 2000) < 4 * Math.sqrt(8000 * 0.25 * 0.75));
});
