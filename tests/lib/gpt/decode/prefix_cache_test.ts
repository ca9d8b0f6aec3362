import { assertEquals, assertRejects } from "@std/assert";
import { PrefixCache } from "../../../../pipeline/lib/gpt/decode/prefix_cache.ts";
import { modelOf, pieceTokenizer } from "../../../helpers/tiny_language.ts";

const tokenizer = pieceTokenizer([]);
/** Logits that tell which tokens were seen: their sum is the only likely next token. */
const model = () =>
  modelOf(tokenizer, (tokens) => new Map([[tokens.reduce((a, b) => a + b) % 256, 1]]));
const likeliest = (logits: Float32Array) => logits.indexOf(Math.max(...logits));

Deno.test("only tokens behind the longest known prefix are fed", async () => {
  const inner = model();
  const cache = new PrefixCache(inner);
  let fed = 0;
  const onFed = (tokens: number) => fed += tokens;
  assertEquals(likeliest(await cache.logitsAfter([1, 2, 3], { onFed })), 6);
  assertEquals(likeliest(await cache.logitsAfter([1, 2, 3, 4], { onFed })), 10);
  assertEquals(likeliest(await cache.logitsAfter([1, 2, 3, 5])), 11); // branches off 1 2 3
  assertEquals(likeliest(await cache.logitsAfter([1, 2, 3, 4])), 10); // known as a whole
  assertEquals(inner.fed, [3, 1, 1]);
  assertEquals(fed, 4);
});

Deno.test("a model that can truncate reuses what two sequences have in common", async () => {
  const inner = {
    ...model(),
    truncate: (state: readonly number[], length: number) => state.slice(0, length),
  };
  const cache = new PrefixCache(inner);
  await cache.logitsAfter([1, 2, 3, 4, 5]);
  assertEquals(likeliest(await cache.logitsAfter([1, 2, 3, 9])), 15);
  assertEquals(likeliest(await cache.logitsAfter([1, 2])), 3); // its logits were never seen
  assertEquals(inner.fed, [5, 1, 1]);
});

Deno.test("what one scope computed does not speed up another", async () => {
  const inner = model();
  const cache = new PrefixCache(inner);
  await cache.logitsAfter([1, 2, 3], { scope: "ward" });
  await cache.logitsAfter([1, 2, 3], { scope: "clinic" });
  await cache.logitsAfter([1, 2, 3, 4], { scope: "ward" });
  assertEquals(inner.fed, [3, 3, 1]);
});

Deno.test("the least recently used prefix is forgotten first", async () => {
  const inner = model();
  const cache = new PrefixCache(inner, { maxEntries: 2 });
  await cache.logitsAfter([1]);
  await cache.logitsAfter([2]);
  await cache.logitsAfter([1]); // now 2 is the oldest
  await cache.logitsAfter([3]); // forgets 2
  await cache.logitsAfter([1]);
  assertEquals(inner.fed, [1, 1, 1]);
  await cache.logitsAfter([2]);
  assertEquals(inner.fed, [1, 1, 1, 1]);
});

Deno.test("an aborted caller gets the reason, not an answer", async () => {
  const cache = new PrefixCache(model());
  const reason = new DOMException("superseded", "AbortError");
  await assertRejects(
    () => cache.logitsAfter([1], { signal: AbortSignal.abort(reason) }),
    DOMException,
    "superseded",
  );
});

Deno.test("who has the most makes room first", async () => {
  const inner = model();
  const cache = new PrefixCache(inner, { maxEntries: 4 });
  let computed = 0;
  const ask = (scope: string, token: number) =>
    cache.logitsAfter([token], { scope, onFed: (tokens) => computed += tokens });
  await ask("typist", 1);
  for (let token = 1; token < 20; token++) await ask("generator", token);
  computed = 0;
  await ask("typist", 1);
  assertEquals(computed, 0);
});
