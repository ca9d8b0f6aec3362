import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { bigramBaseline } from "../../pipeline/train/bigram.ts";
import type { Batch } from "../../pipeline/train/engine.ts";
import { Random } from "../../pipeline/model/random.ts";

const batch = (inputs: number[], targets: number[]): Batch => ({
  inputs: Int32Array.from(inputs),
  targets: Int32Array.from(targets),
});

Deno.test("the loss is that of the formula, worked out by hand", () => {
  const tokens = Uint16Array.of(0, 1, 0, 1, 0, 2); // counts: 0→1 twice, 1→0 twice, 0→2 once
  const { loss, k } = bigramBaseline(tokens, [batch([0, 1, 2], [1, 0, 0])], 3);
  const unigram = [4 / 9, 3 / 9, 2 / 9]; // (3 + 1) / (6 + 3), …
  const byHand = -(
    Math.log((2 + k * unigram[1]) / (3 + k)) +
    Math.log((2 + k * unigram[0]) / (2 + k)) +
    Math.log(unigram[0] * k / (1 + k))
  ) / 3;
  assertAlmostEquals(loss, byHand, 1e-12);
});

Deno.test("on text that is a bigram process it reaches the process' entropy", () => {
  // From every token, two successors with probabilities 3/4 and 1/4.
  const random = new Random(1);
  const make = (count: number) => {
    const tokens = new Uint16Array(count);
    for (let i = 1; i < count; i++) {
      tokens[i] = (tokens[i - 1] * 3 + (random.uniform() < 0.75 ? 1 : 2)) % 16;
    }
    return tokens;
  };
  const train = make(200_000), held = make(20_001);
  const { loss } = bigramBaseline(
    train,
    [batch([...held.subarray(0, 20_000)], [...held.subarray(1)])],
    16,
  );
  const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
  assertAlmostEquals(loss, entropy, 0.015);
  assertLess(loss, Math.log(16));
});

Deno.test("a pair and a token never seen still have a probability", () => {
  const { loss } = bigramBaseline(Uint16Array.of(0, 1, 0, 1), [batch([3], [3])], 4);
  assertEquals(Number.isFinite(loss), true);
});
