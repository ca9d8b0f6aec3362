// Malformed and hostile requests: no 5xx, and nothing of what was sent in any error or log line.

import { assert, assertEquals, assertLess } from "@std/assert";
import { fuzz, type Fuzzed, leaked } from "../helpers/hostile_requests.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";
import { tinyApp } from "../helpers/tiny_service.ts";
import { startWorker } from "../../worker/host/start_worker.ts";

function assertClean({ statuses, leaks }: Fuzzed, printed: string[], atLeast: number): void {
  assertEquals(leaks, []);
  assertEquals(leaked(printed), []);
  assertEquals(printed.filter((line) => !line.startsWith('{"event":"request"')), []);
  for (const [status, count] of statuses) assertLess(status, 500, `${count} times`);
  for (const status of [200, 400, 404, 405, 415, 422]) {
    assert((statuses.get(status) ?? 0) > atLeast, `the fuzzer hardly reaches ${status}`);
  }
}

Deno.test("10,000 hostile requests: no 5xx, no crash, no echo, nothing printed", async () => {
  const printed: string[] = [];
  const print = (...values: unknown[]) => void printed.push(values.join(" "));
  const original = { log: console.log, error: console.error, warn: console.warn };
  Object.assign(console, { log: print, error: print, warn: print });
  let fuzzed: Fuzzed;
  try {
    const { app } = tinyApp({ log: print });
    fuzzed = await fuzz(10_000, "http://worker", (request) => app.request(request));
  } finally {
    Object.assign(console, original);
  }
  assertClean(fuzzed, printed, 50);
  assertEquals(printed.length, 10_000);
});

Deno.test("1,000 more to a real workerd: the same, and it goes on answering", async () => {
  const root = await Deno.makeTempDir();
  const { exportFolder } = await writeTinyRun(root);
  const printed: string[] = [];
  const worker = await startWorker({
    exportFolder,
    port: 0,
    rateLimit: 1e6,
    onLog: (line) => printed.push(line),
  });
  try {
    const fuzzed = await fuzz(1000, worker.url, (request) => fetch(request));
    assertClean(fuzzed, printed, 5);
    assertEquals((await (await fetch(`${worker.url}/readyz`)).json()).status, "ready");
  } finally {
    await worker.stop();
    await Deno.remove(root, { recursive: true });
  }
});
