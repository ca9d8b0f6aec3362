// What Cloudflare would get: the folder that `deploy` hands to wrangler, in wrangler's own workerd.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spawn } from "node:child_process";
import process from "node:process";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { sha256File, writeJson } from "../../pipeline/lib/base/files.ts";
import { engines } from "../../worker/src/engine.ts";
import { quietWrangler, WRANGLER } from "../../worker/host/deploy.ts";
import { availablePort } from "../../worker/host/start_worker.ts";
import { inFolder } from "../helpers/in_folder.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";

const KEY = "nmg_test";
const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(KEY));
const API_KEYS = [{ name: "ehr", sha256: new Uint8Array(digest).toHex() }];

/** `wrangler dev` on `folder`, offline, with all its processes in a group that `stop` ends. */
async function wranglerDev(folder: string, temporary: string) {
  const port = availablePort(0);
  const args = ["run", "-A", WRANGLER, "dev", "--config", join(folder, "wrangler.jsonc")];
  args.push("--ip", "127.0.0.1", "--port", `${port}`, "--inspector-port", `${availablePort(0)}`);
  args.push("--persist-to", join(temporary, "state"), "--show-interactive-dev-session=false");
  args.push("--var", `API_KEYS:${JSON.stringify(API_KEYS)}`);
  const env = { ...Deno.env.toObject(), ...quietWrangler };
  const child = spawn(Deno.execPath(), args, {
    cwd: temporary,
    env: { ...env, WRANGLER_LOG_PATH: join(temporary, "logs"), XDG_CONFIG_HOME: temporary },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => printed.push(String(data)));
  }
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    process.kill(-child.pid!, "SIGKILL");
    await exited;
  };
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await stop();
  throw new Error(`wrangler dev does not answer: ${printed.join("").slice(-2000)}`);
}

for (const engine of engines) {
  Deno.test(
    `wrangler takes the deployed folder, and dev answers /complete from it, ${engine}`,
    inFolder(async (data) => {
      const run = workspace(data).run("latest");
      await writeTinyRun(run.root);
      await Deno.writeTextFile(join(run.export, "model.safetensors"), "weights");
      await writeJson(join(data, "deploy.json"), { API_KEYS, ENGINE: engine });
      const folder = join(data, "deployed");
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "worker/host/deploy.ts", "--data", data, "--dry-run"]
          .concat("--accept-risk", "a test", "--output", folder),
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder();
      assertEquals(code, 0, text.decode(stderr));
      assertStringIncludes(text.decode(stdout), "nothing was uploaded");
      const names = [...Deno.readDirSync(join(folder, "build"))].map(({ name }) => name);
      assert(!JSON.stringify(names).includes("secret"));
      assertEquals(
        await sha256File(join(folder, "build", "model.onnx")),
        await sha256File(join(run.export, "onnx", "model_quantized.onnx")),
      );

      const dev = await wranglerDev(folder, data);
      try {
        const ask = (headers: HeadersInit, text = "The patient") =>
          fetch(`${dev.url}/complete`, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify({ text, min_confidence: 1e-4 }),
          });
        assertEquals((await (await ask({})).json()).status, 401);
        let shown = 0;
        for (const text of ["She denies", "Chief Complaint:\n", "no ", "pain, swelling and"]) {
          const answer = await ask({ authorization: `Bearer ${KEY}` }, text);
          assertEquals(answer.status, 200);
          shown += (await answer.json()).completions.length;
        }
        assert(shown > 0);
        const model = await fetch(`${dev.url}/model`, { headers: { "x-api-key": KEY } });
        assertEquals((await model.json()).engine, engine);
      } finally {
        await dev.stop();
      }
    }),
  );
}
