import { assertEquals, assertRejects } from "@std/assert";
import { buffersIn, Thread, ThreadPool } from "../../../pipeline/lib/base/threads.ts";
import type { TestMethods } from "./threads_worker.ts";

const module = new URL("./threads_worker.ts", import.meta.url);

Deno.test("a thread answers in order, and what a function throws the call throws", async () => {
  using thread = new Thread<TestMethods>(module);
  const replies = [thread.call("slow", [1, 30]), thread.call("slow", [2, 0])];
  assertEquals(thread.pending, 2);
  await assertRejects(() => thread.call("fail", ["too far"]), Error, "too far");
  assertEquals(await Promise.all(replies), [{ x: 1, call: 0 }, { x: 2, call: 1 }]);
  assertEquals(await thread.call("square", [3]), 9);
  assertEquals(thread.pending, 0);
});

Deno.test("a thread that fails or is ended fails the calls that wait for it", async () => {
  using thread = new Thread<TestMethods>(module, "count");
  const waiting = thread.call("never", []);
  const ended = thread.call("end", []); // never reached: calls are answered one by one
  const failing = new Thread<TestMethods>(module, "count");
  await failing.call("end", []);
  await assertRejects(
    () => failing.call("never", []),
    Error,
    "Cannot count: a worker thread failed: Uncaught Error: out of order",
  );
  thread.terminate();
  for (const call of [waiting, ended]) {
    await assertRejects(() => call, Error, "Cannot count: a worker thread failed: it was ended");
  }
});

Deno.test("what cannot be sent is refused and nothing waits for it", async () => {
  using thread = new Thread<TestMethods>(module);
  await assertRejects(async () => await thread.call("square", [(() => 1) as unknown as number]));
  assertEquals(thread.pending, 0);
});

Deno.test("buffers are moved, not copied", async () => {
  using thread = new Thread<TestMethods>(module);
  const bytes = new Uint8Array(10);
  assertEquals(await thread.call("lengthOf", [bytes], [bytes.buffer]), 10);
  assertEquals(bytes.length, 0);
  assertEquals(await thread.call("ones", [2]), { ones: new Uint8Array([1, 1]) });
  const shared = new Uint8Array(4);
  assertEquals(buffersIn({ a: [shared, shared.subarray(1)], b: null, c: "x" }), [shared.buffer]);
});

Deno.test("a pool keeps the order of its inputs and takes no more than it works on", async () => {
  using pool = new ThreadPool<TestMethods>(module, 3);
  let taken = 0, given = 0;
  const inputs = function* () {
    for (; taken < 50; taken++) yield taken;
  };
  const squares: number[] = [];
  for await (const square of pool.map("square", inputs(), { depth: 2 })) {
    squares.push(square);
    given++;
    assertEquals(taken - given <= 6, true);
  }
  assertEquals(squares, Array.from({ length: 50 }, (_, n) => n * n));
  assertEquals(await pool.all("square", [2]), [4, 4, 4]);
});

Deno.test("a pool reports a failure at its turn", async () => {
  using pool = new ThreadPool<TestMethods>(module, 2);
  await assertRejects(
    async () => {
      for await (const _ of pool.map("fail", ["first", "second"]));
    },
    Error,
    "first",
  );
});
