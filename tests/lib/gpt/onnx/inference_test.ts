// The inference graphs against what PyTorch computed for the tiny GPT-2 of tests/fixtures.

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { loadRuntime } from "../../../../pipeline/lib/gpt/onnx/runtime.ts";
import { scorerFromTensors } from "../../../../pipeline/lib/gpt/onnx/scorer.ts";
import { modelFromTensors } from "../../../../pipeline/lib/gpt/onnx/session.ts";
import { loadGpt2Fixture } from "../../../helpers/gpt2_fixture.ts";

const runtime = await loadRuntime({ threads: 2 });
const fixture = loadGpt2Fixture();
const { config, parameters } = fixture;
const length = config.n_positions, vocabulary = config.vocab_size;

/** PyTorch's logits at `position` of the first sequence. */
const expectedLogits = (position: number) =>
  fixture.logits.subarray(position * vocabulary, (position + 1) * vocabulary);

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);

Deno.test("one token at a time gives PyTorch's logits", async () => {
  const model = await modelFromTensors(config, parameters, runtime);
  let state;
  for (let position = 0; position < length; position++) {
    const result = await model.feed([fixture.batches[0].inputs[position]], state);
    assertLess(largestDifference(result.logits, expectedLogits(position)), 2e-5);
    state = result.state;
  }
  await model.close();
});

Deno.test("several tokens behind a cache give PyTorch's logits, and a state can branch", async () => {
  const model = await modelFromTensors(config, parameters, runtime);
  const tokens = [...fixture.batches[0].inputs.subarray(0, length)];
  const { state, logits } = await model.feed(tokens.slice(0, 7));
  assertLess(largestDifference(logits, expectedLogits(6)), 2e-5);
  const other = await model.feed([1, 2, 3], state);
  const first = await model.feed(tokens.slice(7, 20), state);
  assertLess(largestDifference(first.logits, expectedLogits(19)), 2e-5);
  assert(largestDifference(other.logits, expectedLogits(9)) > 1e-2);
  const again = await model.feed([1, 2, 3], state);
  assertEquals(again.logits, other.logits);
  await model.close();
});

Deno.test("more tokens than the context holds are refused", async () => {
  const model = await modelFromTensors(config, parameters, runtime);
  const { state } = await model.feed(Array(length).fill(1));
  await assertRejects(
    () => model.feed([1], state),
    RangeError,
    `Cannot feed 1 tokens after ${length}`,
  );
  await assertRejects(() => model.feed([]), RangeError, "Cannot feed 0 tokens after 0");
  await model.close();
});

Deno.test("the scorer's mean is PyTorch's loss, each of its values the softmax of PyTorch's logits", async () => {
  const scorer = await scorerFromTensors(config, parameters, runtime);
  const { inputs, targets } = fixture.batches[0];
  const scores = await scorer.score(inputs, targets, length);
  const mean = scores.logProbabilities.reduce((a, b) => a + b, 0) / targets.length;
  assertLess(Math.abs(mean + fixture.loss), 1e-5);
  const logits = expectedLogits(5);
  const normalizer = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
  assertLess(Math.abs(scores.logProbabilities[5] - (logits[targets[5]] - normalizer)), 1e-5);
  await assertRejects(() => scorer.score(inputs, targets, length + 1), RangeError, "Cannot score");
  await scorer.close();
});
