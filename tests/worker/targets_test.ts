// What `deploy --target` writes, and the real HAProxy in front of real processes, where it is installed.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { writeJson } from "../../pipeline/lib/base/files.ts";
import { haproxyConfig } from "../../worker/host/targets/haproxy.ts";
import { availablePort, type RunningWorker, startWorker } from "../../worker/host/start_worker.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";

const KEY = "nmg_test";
const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(KEY));
const API_KEYS = [{ name: "ehr", sha256: new Uint8Array(digest).toHex() }];
const text = new TextDecoder();
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function deploy(data: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "worker/host/deploy.ts", "--data", data, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr).trim() };
}

/** `NAME=value` lines as a container takes them. */
const environment = (lines: string) =>
  Object.fromEntries(
    lines.trim().split("\n").map((line) => [
      line.slice(0, line.indexOf("=")),
      line.slice(line.indexOf("=") + 1),
    ]),
  );

Deno.test(
  "the container's folder needs nothing but its settings to answer those who may call",
  inFolder(async (data) => {
    const run = workspace(data).run("latest");
    await writeTinyRun(run.root);
    await Deno.writeTextFile(join(run.export, "model.safetensors"), "weights");
    await writeJson(join(data, "deploy.json"), { API_KEYS, HOSTS: ["notes.example"] });
    const folder = join(data, "image");
    const { code, stdout, stderr } = await deploy(
      data,
      ...["--target", "container", "--output", folder, "--accept-risk", "a test"],
    );
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "kubectl apply");
    const manifest = await Deno.readTextFile(join(folder, "kubernetes.yaml"));
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe", "replicas: 4"]) {
      assertStringIncludes(manifest, probe);
    }
    assertStringIncludes(await Deno.readTextFile(join(folder, "Containerfile")), "workerd.capnp");
    const settings = join(folder, "settings.env");
    assertEquals((await Deno.stat(settings)).mode! & 0o777, 0o600);
    const port = availablePort(0), url = `http://127.0.0.1:${port}`;
    const child = new Deno.Command(join(folder, "workerd"), {
      args: ["serve", "workerd.capnp", `--socket-addr=http=127.0.0.1:${port}`],
      cwd: folder,
      clearEnv: true,
      env: environment(await Deno.readTextFile(settings)),
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      for (let i = 0; i < 100; i++) {
        const ready = await fetch(`${url}/readyz`).catch(() => null);
        await ready?.body?.cancel();
        if (ready?.ok) break;
        await sleep(100);
      }
      const status = async (headers: Record<string, string>) => {
        const { code, stdout } = await new Deno.Command("curl", {
          args: ["-s", "-o", join(data, "answer"), "-w", "%{http_code}", `${url}/model`]
            .concat(
              Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
            ),
        }).output();
        assertEquals(code, 0);
        return text.decode(stdout);
      };
      assertEquals(await status({ host: "notes.example" }), "401");
      assertEquals(await status({ host: "notes.example", "x-api-key": KEY }), "200");
      assertEquals(await status({ "x-api-key": KEY }), "421");
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  }),
);

Deno.test(
  "haproxy and systemd get a unit for each process, and no target takes what would be refused",
  inFolder(async (data) => {
    const run = workspace(data).run("latest");
    await writeTinyRun(run.root);
    await Deno.writeTextFile(join(run.export, "model.safetensors"), "weights");
    await writeJson(join(data, "deploy.json"), { API_KEYS });
    const folder = join(data, "machine");
    const args = ["--target", "haproxy", "--output", folder, "--processes", "3"];
    assertStringIncludes((await deploy(data, ...args)).stderr, "Cannot deploy:");
    assertEquals((await deploy(data, "--target", "haproxy", "--accept-risk", "a test")).code, 2);
    const { code, stderr } = await deploy(data, ...args, "--accept-risk", "a test");
    assertEquals(code, 0, stderr);
    const read = (name: string) => Deno.readTextFile(join(folder, name));
    for (const port of [9001, 9002, 9003]) {
      assertStringIncludes(await read("nano-med-gpt.target"), `nano-med-gpt@${port}.service`);
      assertStringIncludes(await read("haproxy.cfg"), `server w${port} 127.0.0.1:${port}`);
    }
    assertStringIncludes(await read("nano-med-gpt@.service"), "--socket-addr=http=127.0.0.1:%i");
    assertStringIncludes(await read("settings.env"), 'API_KEYS="[{\\"name\\":\\"ehr\\"');
    assertEquals((await deploy(data, ...args, "--accept-risk", "a test")).code, 2, "not empty");
  }),
);

/** Debian's HAProxy, where it is installed. */
async function haproxyBinary(): Promise<string | undefined> {
  for (const path of ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"]) {
    if (await Deno.stat(path).catch(() => null)) return path;
  }
}

/** Sends one command to HAProxy's socket. */
async function command(socket: string, line: string): Promise<string> {
  const connection = await Deno.connect({ transport: "unix", path: socket });
  await connection.write(new TextEncoder().encode(`${line}\n`));
  return await new Response(connection.readable).text();
}

const binary = await haproxyBinary();

Deno.test({
  name: "HAProxy before 4 processes, 32 typists: one killed and one drained, no keystroke failed",
  ignore: binary === undefined,
  fn: inFolder(async (data) => {
    const { exportFolder } = await writeTinyRun(join(data, "runs", "tiny"));
    const workers: RunningWorker[] = [];
    const answeredBy = new Map<string, Set<string>>();
    for (let i = 0; i < 4; i++) {
      workers.push(await startWorker({ exportFolder, port: 0, rateLimit: 1e6 }));
    }
    const ports = workers.map(({ url }) => Number(new URL(url).port));
    const port = availablePort(0), socket = join(data, "haproxy.sock");
    const config = join(data, "haproxy.cfg");
    await Deno.writeTextFile(
      config,
      haproxyConfig({ bind: `127.0.0.1:${port}`, ports, socket })
        .replace("default_backend", "http-response set-header x-server %s\n  default_backend"),
    );
    const check = await new Deno.Command(binary!, { args: ["-c", "-f", config] }).output();
    assertEquals(check.code, 0, text.decode(check.stderr));
    const haproxy = new Deno.Command(binary!, {
      args: ["-db", "-f", config],
      stdout: "null",
      stderr: "null",
    }).spawn();
    let typing = true, typists: Promise<void>[] = [];
    try {
      const url = `http://127.0.0.1:${port}`;
      for (let i = 0; i < 100; i++) {
        const ready = await fetch(`${url}/readyz`).catch(() => null);
        await ready?.body?.cancel();
        if (ready?.ok) break;
        await sleep(100);
      }
      const failed: string[] = [];
      let keys = 0, remembered = 0;
      const counts = Array(32).fill(0);
      typists = Array.from({ length: 32 }, async (_, typist) => {
        const session = `typist ${typist}`, servers = new Set<string>();
        answeredBy.set(session, servers);
        const secret = `Q${typist}Z`;
        for (let key = 0; typing; key++) {
          const note = `${secret} was admitted with pain. ${"x ".repeat(200)}The patient `;
          const answer = await fetch(`${url}/complete`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({
              text: note + "was ".repeat(key % 5),
              session,
              min_confidence: 0,
            }),
          });
          const body = await answer.text();
          keys++;
          counts[typist]++;
          if (answer.status !== 200) failed.push(`${answer.status} ${body}`);
          else if (key > 4 && JSON.parse(body).usage.computed_tokens < 40) remembered++;
          for (let other = 0; other < 32; other++) {
            if (other !== typist && body.includes(`Q${other}Z`)) failed.push("another's text");
          }
          servers.add(answer.headers.get("x-server") ?? "");
          await sleep(100);
        }
      });
      /** Until every typist has had `more` answers; on a busy machine that takes a while. */
      const typed = async (more: number) => {
        const goals = counts.map((count) => count + more);
        for (let i = 0; i < 600 && counts.some((count, typist) => count < goals[typist]); i++) {
          await sleep(100);
        }
      };
      await typed(4);
      const before = new Map([...answeredBy].map(([session, set]) => [session, [...set]]));
      assertEquals(
        [...before.values()].filter((servers) => servers.length !== 1),
        [],
        "a session moved",
      );
      assertEquals(new Set([...before.values()].flat()).size, 4, "a process has no session");
      Deno.kill(workers[0].pid!, "SIGKILL");
      await typed(4);
      assertEquals(
        (await command(socket, `set server workers/w${ports[1]} state drain`)).trim(),
        "",
      );
      await typed(2);
      await workers[1].stop();
      await typed(4);
      typing = false;
      await Promise.all(typists);
      assertEquals(failed, []);
      assert(keys > 300, `only ${keys} keystrokes`);
      assert(remembered > keys / 4, `only ${remembered} of ${keys} were remembered`);
      for (const [session, [server]] of before) {
        const stayed = [`w${ports[2]}`, `w${ports[3]}`].includes(server);
        if (stayed) assertEquals([...answeredBy.get(session)!], [server], "a session moved");
      }
    } finally {
      typing = false;
      await Promise.allSettled(typists);
      haproxy.kill("SIGKILL");
      await haproxy.status;
      for (const worker of workers) await worker.stop();
    }
  }),
});
