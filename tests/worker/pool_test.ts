// Several processes on one port: sessions kept together, crashes, drain, a new export.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { startPool } from "../../worker/host/pool.ts";
import { rank, sessionOf } from "../../worker/host/session_route.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";

const post = (url: string, body: unknown, path = "/complete") =>
  fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("the session is found in a body, and not in a text that quotes one", () => {
  assertEquals(sessionOf(JSON.stringify({ text: "a", session: "s 1" })), "s 1");
  assertEquals(sessionOf(JSON.stringify({ text: '"session": "x"', session: "y" })), "y");
  assertEquals(sessionOf(JSON.stringify({ session: "é\n", text: "a" })), "é\\n");
  for (const body of ["", "{", '{"text": "a"}', '{"session": 5}']) {
    assertEquals(sessionOf(body), "");
  }
});

Deno.test("a process that goes takes along only its own sessions", () => {
  const processes = Array.from({ length: 4 }, (_, id) => ({ id }));
  const keys = Array.from({ length: 400 }, (_, i) => `clinician ${i}`);
  const before = keys.map((key) => rank(processes, key)[0].id);
  const after = keys.map((key) => rank(processes.filter(({ id }) => id !== 2), key)[0].id);
  for (const [i, id] of before.entries()) if (id !== 2) assertEquals(after[i], id);
  const shares = processes.map(({ id }) => before.filter((found) => found === id).length);
  assert(shares.every((share) => share > 60 && share < 140), shares.join());
});

Deno.test(
  "typing goes on while a process is killed, and while a new export is taken over",
  inFolder(async (root) => {
    const folder = join(root, "runs", "tiny");
    const { exportFolder } = await writeTinyRun(folder);
    const lines: string[] = [];
    let refuses = false;
    const pool = await startPool({
      exportFolder,
      port: 0,
      processes: 3,
      rateLimit: 1e6,
      onLog: (line) => lines.push(line),
      gate: () => refuses ? Promise.reject(new Error("not audited")) : Promise.resolve(),
    });
    try {
      const statuses: number[] = [], fresh: number[] = [];
      let typing = true;
      const typists = Array.from({ length: 8 }, async (_, typist) => {
        const session = `typist ${typist}`;
        for (let key = 0; typing; key++) {
          const text = `The patient ${"was seen and ".repeat(3).slice(0, 5 + key % 30)}`;
          const answer = await post(pool.url, { text, session });
          statuses.push(answer.status);
          const { usage } = await answer.json();
          if (key > 0) fresh.push(usage.computed_tokens);
          await sleep(30);
        }
      });
      await sleep(500);
      const [first, ...others] = pool.pids();
      Deno.kill(first, "SIGKILL");
      for (let i = 0; i < 100 && (pool.pids().length < 3 || pool.pids().includes(first)); i++) {
        await sleep(100);
      }
      assertEquals(pool.pids().length, 3, "the killed process was not started again");
      assert(others.every((pid) => pool.pids().includes(pid)));

      refuses = true;
      await assertRejects(() => pool.reload(), Error, "not audited");
      refuses = false;
      const before = pool.pids();
      await writeTinyRun(folder, { n_layer: 1 });
      await pool.reload();
      assert(!pool.pids().some((pid) => before.includes(pid)));
      await sleep(300);
      typing = false;
      await Promise.all(typists);
      assertEquals(statuses.filter((status) => status !== 200), []);
      assert(statuses.length > 40, `only ${statuses.length} keystrokes`);
      assertStringIncludes(lines.join("\n"), '"event":"process_ended"');
      assertStringIncludes(lines.join("\n"), '"event":"reloaded"');

      const evil = await fetch(`${pool.url}/model`);
      assertEquals(evil.status, 200);
      await evil.body?.cancel();
      const stream = await post(pool.url, { text: "The patient", stream: true });
      assertStringIncludes(await stream.text(), "event: done");
      const large = await post(pool.url, { text: "a".repeat(3e6) });
      assertEquals(large.status, 413);
      await large.body?.cancel();
    } finally {
      await pool.stop();
    }
    await assertRejects(() => fetch(`${pool.url}/healthz`), TypeError);
  }),
);

Deno.test(
  "serve --processes ends in good order on SIGTERM, and takes over on SIGHUP what passes the gate",
  inFolder(async (data) => {
    await writeTinyRun(join(data, "runs", "latest"));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "worker/host/serve.ts", "--data", data, "--processes", "2"]
        .concat("--port", "0"),
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const printed = { out: "", err: "" };
    const read = async (stream: ReadableStream<Uint8Array>, to: "out" | "err") => {
      const text = new TextDecoder();
      for await (const part of stream) printed[to] += text.decode(part, { stream: true });
    };
    const reading = [read(child.stdout, "out"), read(child.stderr, "err")];
    const until = async (found: () => boolean) => {
      for (let i = 0; i < 300 && !found(); i++) await sleep(100);
      assert(found(), printed.out + printed.err);
    };
    await until(() => printed.out.includes("is ready"));
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed.out)![0];
    child.kill("SIGHUP");
    await until(() => printed.err.includes("the export that was served before still is"));
    assertStringIncludes(printed.err, "Cannot deploy:");
    assertEquals((await post(url, { text: "The patient" })).status, 200);
    const last = post(url, { prompt: "The patient", max_tokens: 200 }, "/v1/completions");
    await sleep(50);
    child.kill("SIGTERM");
    assertEquals((await last).status, 200);
    assertEquals((await child.status).code, 0);
    await Promise.all(reading);
    await assertRejects(() => fetch(`${url}/healthz`), TypeError);
  }),
);
