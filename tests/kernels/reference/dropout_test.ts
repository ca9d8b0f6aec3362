import { assert, assertEquals } from "@std/assert";
import { dropoutFactor, dropoutForward, pcg4d } from "../../../kernels/reference/dropout.ts";

const ones = (count: number) => new Float64Array(count).fill(1);
const zerosIn = (values: Float64Array) => values.filter((value) => value === 0).length;

Deno.test("the same counter gives the same numbers, a neighbouring one gives others", () => {
  assertEquals(pcg4d([1, 2, 3, 4]), pcg4d([1, 2, 3, 4]));
  const drawn = new Set<number>();
  for (let word = 0; word < 4; word++) {
    const counter: [number, number, number, number] = [0, 0, 0, 0];
    counter[word] = 1;
    pcg4d(counter).forEach((bits) => drawn.add(bits));
  }
  assertEquals(drawn.size, 16);
});

Deno.test("pcg4d, computed once more with big integers, wraps at 32 bits", () => {
  const wrap = (x: bigint) => x & 0xffffffffn;
  const v = [7n, 4294967295n, 123456789n, 3n].map((x) => wrap(x * 1664525n + 1013904223n));
  const mix = () => {
    for (const [to, a, b] of [[0, 1, 3], [1, 2, 0], [2, 0, 1], [3, 1, 2]]) {
      v[to] = wrap(v[to] + v[a] * v[b]);
    }
  };
  mix();
  v.forEach((x, i) => v[i] = x ^ (x >> 16n));
  mix();
  assertEquals([...pcg4d([7, 4294967295, 123456789, 3])].map(BigInt), v);
});

Deno.test("the share of zeros is the probability, and the mean stays one", () => {
  const count = 1 << 18;
  for (const probability of [0.1, 0.2, 0.5]) {
    const out = dropoutForward(ones(count), { probability, seed: 1, site: 0 });
    // Five standard deviations of a binomial share.
    const slack = 5 * Math.sqrt(probability * (1 - probability) / count);
    assert(Math.abs(zerosIn(out) / count - probability) < slack, `p = ${probability}`);
    const mean = out.reduce((a, b) => a + b, 0) / count;
    assert(Math.abs(mean - 1) < slack / (1 - probability));
  }
});

Deno.test("seeds, sites, rows and neighbouring columns drop independently", () => {
  const count = 1 << 16, probability = 0.5;
  const mask = (seed: number, site: number, row: number, shift = 0) =>
    Float64Array.from(
      { length: count },
      (_, i) => dropoutFactor({ probability, seed, site }, row, i + shift) - 1,
    );
  const base = mask(1, 0, 0);
  for (const other of [mask(2, 0, 0), mask(1, 1, 0), mask(1, 0, 1), mask(1, 0, 0, 1)]) {
    const correlation = base.reduce((sum, value, i) => sum + value * other[i], 0) / count;
    assert(Math.abs(correlation) < 5 / Math.sqrt(count), `correlation ${correlation}`);
  }
});

Deno.test("probability 0 keeps everything", () => {
  assertEquals(dropoutForward(ones(9), { probability: 0, seed: 1, site: 1 }), ones(9));
});
