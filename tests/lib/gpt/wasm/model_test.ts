// The model in WebAssembly against the float32 ONNX graph of the same checkpoint.

import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import type { GptConfig } from "../../../../pipeline/lib/gpt/config.ts";
import { PrefixCache } from "../../../../pipeline/lib/gpt/decode/prefix_cache.ts";
import { seededRandom } from "../../../../pipeline/lib/base/random.ts";
import { initialParameters } from "../../../../pipeline/lib/gpt/model/init.ts";
import type { Tensors } from "../../../../pipeline/lib/gpt/model/parameters.ts";
import { GraphBuilder } from "../../../../pipeline/lib/gpt/onnx/builder.ts";
import { decoderGraph } from "../../../../pipeline/lib/gpt/onnx/decoder_graph.ts";
import { int8Weights, quantizableLayers } from "../../../../pipeline/lib/gpt/onnx/int8_weights.ts";
import { float32Weights } from "../../../../pipeline/lib/gpt/onnx/weights.ts";
import { modelFromTensors } from "../../../../pipeline/lib/gpt/onnx/session.ts";
import { compileKernels } from "../../../../pipeline/lib/gpt/wasm/compile.ts";
import { loadWasmModel } from "../../../../pipeline/lib/gpt/wasm/model.ts";
import { weightsFromTensors } from "../../../../pipeline/lib/gpt/wasm/from_tensors.ts";
import { type StoredWeights, weightsFromOnnx } from "../../../../pipeline/lib/gpt/wasm/weights.ts";
import { loadGpt2Fixture } from "../../../helpers/gpt2_fixture.ts";

const kernels = await WebAssembly.compile(await compileKernels());

/** No size is a multiple of what the kernels pad to. */
const config: GptConfig = {
  vocab_size: 301,
  n_positions: 160,
  n_embd: 60,
  n_layer: 2,
  n_head: 6,
  embd_pdrop: 0,
  attn_pdrop: 0,
  resid_pdrop: 0,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.3,
};
const parameters = initialParameters(config, 1);

function load(config: GptConfig, parameters: Tensors, { float32 = true, cacheBytes = 1e7 } = {}) {
  const keep = new Set(float32 ? quantizableLayers(config) : []);
  const weights = weightsFromTensors(config, parameters, keep);
  return loadWasmModel(kernels, weights, config, { cacheBytes });
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);

Deno.test("whatever was fed, branched and truncated before, logits are those of the tokens", async () => {
  const model = load(config, parameters);
  const reference = await modelFromTensors(config, parameters);
  const random = seededRandom(3);
  const below = (limit: number) => Math.floor(random() * limit);
  const known: { tokens: number[]; state: Awaited<ReturnType<typeof model.feed>>["state"] }[] = [];
  let branches = 0;
  for (let round = 0; round < 60; round++) {
    // Go on from a known sequence (mostly the last), from a part of one, or from nothing.
    const usable = known.filter(({ state }) => model.isUsable!(state));
    const from = usable.length === 0 || random() < 0.1
      ? undefined
      : usable[random() < 0.5 ? usable.length - 1 : below(usable.length)];
    let start = from && { tokens: from.tokens, state: from.state };
    if (start && random() < 0.3) {
      const length = 1 + below(start.tokens.length);
      start = {
        tokens: start.tokens.slice(0, length),
        state: model.truncate!(start.state, length),
      };
      branches++;
    }
    const room = config.n_positions - (start?.tokens.length ?? 0);
    if (room === 0) continue;
    const count = Math.min(room, random() < 0.6 ? 1 : 1 + below(70));
    const added = Array.from({ length: count }, () => below(config.vocab_size));
    const tokens = [...(start?.tokens ?? []), ...added];
    const { logits, state } = await model.feed(added, start?.state);
    const expected = await reference.feed(tokens);
    assertLess(largestDifference(logits, expected.logits), 1e-4, `after ${tokens.length} tokens`);
    known.push({ tokens, state });
  }
  assert(branches > 5 && known.some(({ tokens }) => tokens.length > 128));
  await reference.close();
});

Deno.test("callers at the same time do not disturb each other", async () => {
  const texts = [[1, 2, 3], [1, 2, 4], [1, 2, 3, 5], [6], [1, 2, 3, 5, 7], [1, 2]];
  const cache = new PrefixCache(load(config, parameters));
  const together = await Promise.all(texts.map((tokens) => cache.logitsAfter(tokens)));
  for (const [i, tokens] of texts.entries()) {
    const { logits } = await load(config, parameters).feed(tokens);
    assertLess(largestDifference(together[i], logits), 1e-4);
  }
});

Deno.test("a suggestion not taken is overwritten, another text is kept", async () => {
  const model = load(config, parameters);
  const text = await model.feed([1, 2]);
  const suggested = await model.feed([3], text.state);
  await model.feed([4], text.state);
  assertEquals(model.isUsable!(text.state), true);
  assertEquals(model.isUsable!(suggested.state), false);
  await assertRejects(() => model.feed([5], suggested.state), RangeError, "overwritten");

  const long = await model.feed(Array(100).fill(5), text.state);
  await model.feed([6], text.state);
  assertEquals(model.isUsable!(long.state), true);
});

Deno.test("the text that was longest not used makes room for a new one", async () => {
  const model = load(config, parameters, { cacheBytes: 0 });
  const first = await model.feed([1, 2]), second = await model.feed([3]);
  await model.feed([4], first.state);
  const third = await model.feed([5]);
  assertEquals([first, second, third].map(({ state }) => model.isUsable!(state)), [
    true,
    false,
    true,
  ]);
  assertEquals(model.isUsable!(model.truncate!(second.state, 1)), false);
  // A branch far from the end of its text copies it and must not take its place.
  const long = await model.feed(Array(100).fill(5), first.state);
  const branch = await model.feed([6], model.truncate!(long.state, 2));
  const { logits } = await load(config, parameters).feed([1, 2, 6]);
  assertLess(largestDifference(branch.logits, logits), 1e-5);
  assertEquals(model.isUsable!(long.state), true);
});

Deno.test("what PyTorch computes", async () => {
  const fixture = loadGpt2Fixture();
  const { n_positions, vocab_size } = fixture.config;
  const model = load(fixture.config, fixture.parameters);
  const inputs = [...fixture.batches[0].inputs];
  for (let row = 0; row < fixture.batch_size; row++) {
    const from = row * n_positions;
    for (const length of [1, 2, n_positions >> 1, n_positions]) {
      const { logits } = await model.feed(inputs.slice(from, from + length));
      const at = (from + length - 1) * vocab_size;
      const expected = fixture.logits.subarray(at, at + vocab_size);
      assertLess(largestDifference(logits, expected), 1e-4);
    }
  }
});

Deno.test("int8 weights are what is computed with; activations lose next to nothing", async () => {
  const weights = weightsFromTensors(config, parameters);
  const reference = await modelFromTensors(config, dequantized(weights, parameters));
  const model = loadWasmModel(kernels, weights, config);
  const tokens = Array.from({ length: 70 }, (_, i) => (i * 37) % config.vocab_size);
  for (const length of [1, 3, 4, 7, 32, 33, 70]) {
    const { logits } = await model.feed(tokens.slice(0, length));
    const expected = await reference.feed(tokens.slice(0, length));
    const largest = Math.max(...expected.logits.map(Math.abs));
    assertLess(largestDifference(logits, expected.logits), 1e-3 * largest, `${length} tokens`);
  }
  await reference.close();
});

/** The tensors of a checkpoint with the values that the int8 weights stand for. */
function dequantized(weights: StoredWeights, tensors: Tensors): Tensors {
  return new Map([...tensors].map(([name, original]) => {
    const { type, shape: [outputs, inputs], data } = weights.get(name)!;
    if (type === "F32") return [name, original];
    const scales = new Float32Array(weights.get(`${name}.scale`)!.data.slice().buffer);
    const out = new Float32Array(original.length);
    new Int8Array(data.slice().buffer).forEach((value, i) => {
      const output = i % outputs, input = Math.floor(i / outputs);
      // A column of the head is a row of the token table.
      out[name === "wte.weight" ? output * inputs + input : i] = value * scales[output];
    });
    return [name, out];
  }));
}

Deno.test("the export's graph holds what a checkpoint becomes, in int8 and kept in float32", () => {
  for (
    const keep of [[], ["h.0.mlp.c_fc", "wte"], ["h.1.attn.c_attn"], quantizableLayers(config)]
  ) {
    const kept = new Set(keep);
    const file = decoderGraph(config, (g) => int8Weights(g, config, parameters, kept));
    const read = weightsFromOnnx(file), made = weightsFromTensors(config, parameters, kept);
    for (const [name, { type, shape, data, transposed = false }] of made) {
      const found = read.get(name)!;
      assertEquals([found.type, found.shape, found.transposed ?? false], [type, shape, transposed]);
      assertEquals(found.data, data, name);
    }
  }
});

Deno.test("more tokens than the context holds, and foreign files, are refused", async () => {
  const model = load(config, parameters);
  const { state } = await model.feed(Array(config.n_positions).fill(1));
  await assertRejects(() => model.feed([1], state), RangeError, "Cannot feed 1 tokens after 160");
  await assertRejects(() => model.feed([]), RangeError, "Cannot feed 0 tokens");
  const foreign = (file: Uint8Array) => () => loadWasmModel(kernels, weightsFromOnnx(file), config);
  const again = 'run "deno task export" again';
  const whole = decoderGraph(config, (g) => float32Weights(g, config, parameters));
  const empty = new GraphBuilder("empty").toBytes();
  for (const part of [new Uint8Array(100).fill(7), whole.subarray(0, -1000), new Uint8Array()]) {
    assertThrows(foreign(part), TypeError, again);
  }
  assertThrows(foreign(empty), TypeError, "its graph has no h.0.ln_1.weight");
});

Deno.test("keys and values take no more memory than they were given", () => {
  const [less, more] = [4e6, 8e6].map((cacheBytes) => load(config, parameters, { cacheBytes }));
  const grown = more.memoryBytes - less.memoryBytes, page = 65536;
  assertLess(grown, 4e6 + 2 * page);
  assertLess(3e6, grown);
});

Deno.test("the text of one who has few outlives those of one who has many", async () => {
  const model = load(config, parameters, { cacheBytes: 0 });
  const typist = await model.feed([1, 2], undefined, "typist");
  let many = await model.feed([3], undefined, "generator");
  for (let token = 4; token < 9; token++) many = await model.feed([token], undefined, "generator");
  assertEquals(model.isUsable!(typist.state), true);
  assertEquals(model.isUsable!(many.state), true);
});
