import { assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { fillMask } from "../../../pipeline/train/graph/dropout.ts";

const mask = (p: number, key: Partial<Parameters<typeof fillMask>[2]> = {}, size = 1_000_003) => {
  const keep = new Uint8Array(size).fill(7);
  fillMask(keep, p, { seed: 1, step: 2, part: 0, mask: 3, ...key });
  return keep;
};

for (const p of [0.1, 0.2, 0.5, 0.003, 0.999]) {
  Deno.test(`a share of ${p} is dropped, in every byte of a word alike`, () => {
    const keep = mask(p);
    const dropped = [0, 0, 0, 0];
    keep.forEach((value, i) => {
      assertEquals(value <= 1, true);
      if (value === 0) dropped[i % 4]++;
    });
    // Five standard deviations of a fair mask.
    const allowed = 5 * Math.sqrt(p * (1 - p) / (keep.length / 4));
    for (const count of dropped) assertLess(Math.abs(count / (keep.length / 4) - p), allowed);
  });
}

Deno.test("neighbours are independent", () => {
  const p = 0.2, keep = mask(p);
  for (const lag of [1, 2, 3, 4, 5, 8, 64]) {
    let both = 0;
    for (let i = lag; i < keep.length; i++) if (keep[i] === 0 && keep[i - lag] === 0) both++;
    assertLess(
      Math.abs(both / (keep.length - lag) - p * p),
      5 * p / Math.sqrt(keep.length),
      `${lag}`,
    );
  }
});

Deno.test("the same key gives the same mask, any other another", () => {
  const first = mask(0.5, {}, 1001);
  assertEquals(mask(0.5, {}, 1001), first);
  for (const other of [{ seed: 2 }, { step: 3 }, { part: 1 }, { mask: 4 }]) {
    assertNotEquals(mask(0.5, other, 1001), first);
  }
});
