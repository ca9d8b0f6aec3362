// Who computes when, and who is told at once that it would be too late.

import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { ProblemError } from "../../worker/src/problem.ts";
import { MAX_TOKENS_OF_CALLER, turns } from "../../worker/src/turns.ts";
import { post, tinyApp } from "../helpers/tiny_service.ts";

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

Deno.test("callers take turns, each in its own order", async () => {
  const { run } = turns();
  const order: string[] = [];
  const ask = (caller: string, name: string) =>
    run({ caller }, async () => {
      order.push(name);
      await sleep(1);
    });
  await Promise.all([
    ask("a", "a1"),
    ask("a", "a2"),
    ask("a", "a3"),
    ask("b", "b1"),
    ask("b", "b2"),
  ]);
  assertEquals(order, ["a1", "b1", "a2", "b2", "a3"]);
});

Deno.test("a suggestion goes before generation, which still has every fourth turn", async () => {
  const { run, admit } = turns();
  const order: string[] = [];
  const turn = (name: string, admission?: ReturnType<typeof admit>) =>
    run({ caller: name, admission }, async () => {
      order.push(name);
      await sleep(1);
    });
  const long = admit("g", 100);
  await Promise.all([
    turn("first"),
    turn("g", long),
    turn("g", long),
    ...Array.from({ length: 6 }, (_, i) => turn(`s${i}`)),
  ]);
  assertEquals(order.join(" "), "first s0 s1 g s2 s3 s4 g s5");
});

Deno.test("the generation with the shortest rest goes first", async () => {
  const { run, admit } = turns();
  const order: string[] = [];
  const turn = (name: string, tokens: number) => {
    const admission = admit(name, tokens);
    return run({ caller: name, admission }, async () => {
      order.push(name);
      await sleep(1);
    });
  };
  await Promise.all([turn("first", 10), turn("long", 200), turn("short", 20)]);
  assertEquals(order, ["first", "short", "long"]);
});

Deno.test("tokens in flight are bounded by caller and in all, at once", () => {
  const { admit } = turns();
  const refused = (caller: string, tokens: number) => {
    const error = assertThrows(() => admit(caller, tokens), ProblemError) as ProblemError;
    assert(Number(error.headers["retry-after"]) >= 1);
    return error.status;
  };
  const first = admit("a", 400);
  assertEquals(refused("a", MAX_TOKENS_OF_CALLER), 429);
  assertEquals(refused("b", 1024), 503);
  admit("b", 100).release();
  first.release();
  first.release();
  admit("b", MAX_TOKENS_OF_CALLER);
  assertEquals(refused("c", 16), 503);
});

Deno.test("too many waiting suggestions of a caller are refused at once, those of others not", async () => {
  const { run } = turns();
  const done: Promise<unknown>[] = [run({ caller: "a" }, () => sleep(50))];
  for (let i = 0; i < 60; i++) done.push(run({ caller: "a" }, () => Promise.resolve()));
  const error = await assertRejects(() => run({ caller: "a" }, () => sleep(0)), ProblemError);
  assertEquals((error as ProblemError).status, 429);
  done.push(run({ caller: "b" }, () => Promise.resolve()));
  await Promise.all(done);
});

Deno.test("who gives up while waiting leaves no gap", async () => {
  const { run } = turns();
  const gone = new AbortController();
  const first = run({ caller: "a" }, () => sleep(20));
  const second = run({ caller: "a", signal: gone.signal }, () => Promise.resolve("computed"));
  const third = run({ caller: "a" }, () => Promise.resolve("third"));
  gone.abort(new Error("gone"));
  await assertRejects(() => second, Error, "gone");
  await first;
  assertEquals(await third, "third");
});

Deno.test("under many long generations some are answered, and typing goes on", async () => {
  const { app } = tinyApp({}, 2);
  const generate = () =>
    app.request(
      "/v1/completions",
      post({ prompt: "The patient has", max_tokens: 200, temperature: 2, n: 2 }),
    );
  const started = performance.now();
  const answers = Array.from({ length: 20 }, async () => {
    const { status } = await generate();
    return { status, after: performance.now() - started };
  });
  const typed: number[] = [];
  for (let key = 0; key < 5; key++) {
    const asked = performance.now();
    const { status } = await app.request("/complete", post({ text: `The patient ${key}` }));
    assertEquals(status, 200);
    typed.push(performance.now() - asked);
  }
  assertLess(Math.max(...typed), 1000);
  const all = await Promise.all(answers);
  const refused = all.filter(({ status }) => status === 429 || status === 503);
  assertEquals(all.filter(({ status }) => status === 200).length + refused.length, 20);
  assert(refused.length > 0 && refused.length < 20, `${refused.length} refused`);
  assertLess(Math.max(...refused.map(({ after }) => after)), 1000);
});
