import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { seededRandom } from "../../../../pipeline/lib/base/random.ts";
import {
  argmax,
  checkSampling,
  largest,
  probabilitiesOf,
  sampleToken,
  softmax,
} from "../../../../pipeline/lib/gpt/decode/sample.ts";

const logits = Float32Array.from([0.1, 0.4, 0.2, 0.3], Math.log);

/** Share of each token in 20,000 draws. */
function shares(sampling: Parameters<typeof sampleToken>[1]): number[] {
  const random = seededRandom(7);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[sampleToken(logits, sampling, random)]++;
  return counts.map((count) => count / 20_000);
}

const assertShares = (actual: number[], expected: number[]) =>
  actual.forEach((share, i) => assertAlmostEquals(share, expected[i], 0.012, `token ${i}`));

Deno.test("softmax survives large logits and sums to one", () => {
  const probabilities = softmax(Float32Array.of(1000, 999, -Infinity));
  assertAlmostEquals(probabilities[0], 1 / (1 + Math.exp(-1)), 1e-6);
  assertEquals(probabilities[2], 0);
});

Deno.test("greedy takes the likeliest token, the first of equals", () => {
  assertEquals(sampleToken(logits, {}, () => 0.99), 1);
  assertEquals(argmax(Float32Array.of(1, 3, 3)), 1);
});

Deno.test("sampling follows the probabilities", () => {
  assertShares(shares({ temperature: 1 }), [0.1, 0.4, 0.2, 0.3]);
});

Deno.test("temperature sharpens: probabilities to the power of 1/T", () => {
  const squares = [0.01, 0.16, 0.04, 0.09].map((square) => square / 0.3);
  assertShares(shares({ temperature: 0.5 }), squares);
});

Deno.test("top-k keeps the k likeliest, renormalised", () => {
  assertShares(shares({ temperature: 1, topK: 2 }), [0, 4 / 7, 0, 3 / 7]);
});

Deno.test("top-p keeps the smallest set that reaches p", () => {
  assertShares(shares({ temperature: 1, topP: 0.75 }), [0, 4 / 9, 2 / 9, 3 / 9]);
  assertShares(shares({ temperature: 1, topP: 0.01 }), [0, 1, 0, 0]);
});

Deno.test("the same seed draws the same numbers, another seed others", () => {
  const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
  assertEquals(draw(3), draw(3));
  assert(draw(3)[0] !== draw(4)[0]);
  const many = Array.from({ length: 10_000 }, seededRandom(1));
  assertAlmostEquals(many.reduce((a, b) => a + b) / many.length, 0.5, 0.01);
  assert(many.every((value) => value >= 0 && value < 1));
});

Deno.test("settings no sampling can use are refused by name", () => {
  assertThrows(() => checkSampling({ temperature: -1 }), RangeError, "temperature is -1");
  assertThrows(() => checkSampling({ topK: 1.5 }), RangeError, "topK is 1.5");
  assertThrows(() => checkSampling({ topP: 0 }), RangeError, "topP is 0");
});

Deno.test("the largest values come in order, as sorting would bring them", () => {
  const values = Float32Array.from({ length: 50 }, (_, i) => (i * 37) % 17);
  for (const count of [0, 1, 4, 50, 60]) {
    const sorted = Array.from(values.keys()).sort((a, b) => values[b] - values[a]).slice(0, count);
    assertEquals(largest(values, count), sorted);
  }
});

Deno.test("probabilities are computed once for the same logits", () => {
  const logits = Float32Array.of(1, 2, 3);
  assertEquals(probabilitiesOf(logits), softmax(logits));
  assertEquals(probabilitiesOf(logits) === probabilitiesOf(logits), true);
});
