import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { area, difference, events, share } from "../../../pipeline/lib/base/intervals.ts";

Deno.test("Wilson's interval by published values (Newcombe 1998, table I)", () => {
  const close = ({ low, high }: { low: number; high: number }, expected: [number, number]) => {
    assertAlmostEquals(low, expected[0], 5e-5);
    assertAlmostEquals(high, expected[1], 5e-5);
  };
  close(share(81, 263), [0.2553, 0.3662]);
  close(share(15, 148), [0.0624, 0.1605]);
  close(share(0, 20), [0, 0.1611]);
  close(share(1, 29), [0.0061, 0.1718]);
  assertEquals(share(0, 0), { value: 0, low: 0, high: 1 });
  // Newcombe 1998b, table II: 56/70 against 48/80.
  close(difference(share(56, 70), share(48, 80)), [0.0524, 0.3339]);
});

Deno.test("an area's interval is symmetric, narrows with notes and holds at the ends", () => {
  const wide = area(0.7, 20, 20), narrow = area(0.7, 200, 200), mirrored = area(0.3, 20, 20);
  assertAlmostEquals(wide.low, 1 - mirrored.high, 1e-9);
  assert(wide.low < narrow.low && narrow.high < wide.high);
  assert(area(1, 10, 10).low < 0.9 && area(1, 10, 10).high > 0.999);
  assertEquals(area(0.5, 0, 7), { value: 0.5, low: 0, high: 1 });
});

Deno.test("nothing found is compatible with a few events", () => {
  assertEquals(events(0).low, 0);
  assertAlmostEquals(events(0).high, 3.84, 0.01);
  assert(events(100).low > 80 && events(100).high < 123);
});
