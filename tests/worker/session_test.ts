import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import * as ort from "onnxruntime-node";
import { join } from "@std/path";
import { PrefixCache } from "../../pipeline/decode/prefix_cache.ts";
import { seededRandom } from "../../pipeline/decode/random.ts";
import { readCheckpoint } from "../../pipeline/model/checkpoint.ts";
import { modelFromTensors } from "../../pipeline/onnx/session.ts";
import { runPaths } from "../../pipeline/artifacts.ts";
import { loadModel, type Runtime } from "../../worker/src/session.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";

const root = await Deno.makeTempDir();
const { exportFolder, config } = await writeTinyRun(root, { n_positions: 160 });
const { parameters } = await readCheckpoint(runPaths(root).last);
const file = await Deno.readFile(join(exportFolder, "onnx", "model_worker.onnx"));
await Deno.remove(root, { recursive: true });

const load = () =>
  loadModel(ort as unknown as Runtime, file, config, { executionProviders: ["cpu"] });

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);

Deno.test("whatever was fed, branched and truncated before, logits are those of the tokens", async () => {
  const model = await load();
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
  const cache = new PrefixCache(await load());
  const together = await Promise.all(texts.map((tokens) => cache.logitsAfter(tokens)));
  for (const [i, tokens] of texts.entries()) {
    const { logits } = await (await load()).feed(tokens);
    assertLess(largestDifference(together[i], logits), 1e-4);
  }
});

Deno.test("a suggestion not taken is overwritten, another text is kept", async () => {
  const model = await load();
  const text = await model.feed([1, 2]);
  const suggested = await model.feed([3], text.state);
  const bytes = model.stateBytes!([text.state]);
  const typed = await model.feed([4], text.state);
  assertEquals(model.stateBytes!([text.state, typed.state]), bytes);
  assertEquals(model.isUsable!(text.state), true);
  assertEquals(model.isUsable!(suggested.state), false);
  await assertRejects(() => model.feed([5], suggested.state), RangeError, "overwritten");

  const long = await model.feed(Array(100).fill(5), text.state);
  const other = await model.feed([6], text.state);
  assertEquals(model.isUsable!(long.state), true);
  assertGreater(model.stateBytes!([long.state, other.state]), model.stateBytes!([long.state]));
});

Deno.test("more tokens than the context holds, and foreign models, are refused", async () => {
  const model = await load();
  const { state } = await model.feed(Array(config.n_positions).fill(1));
  await assertRejects(() => model.feed([1], state), RangeError, "Cannot feed 1 tokens after 160");
  await assertRejects(() => model.feed([]), RangeError, "Cannot feed 0 tokens");
});
