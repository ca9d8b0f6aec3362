import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type RunPaths, workspace } from "../../pipeline/artifacts.ts";
import { AUDIT_VERSION } from "../../pipeline/artifacts/reports.ts";
import { writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";
import { writeTinyAudit } from "../helpers/tiny_lineage.ts";
import { writeTinyRun } from "../helpers/tiny_export.ts";

const KEY = { name: "ehr", sha256: "0".repeat(64) };

async function deploy(data: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "worker/host/deploy.ts", "--data", data, "--dry-run", ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (output: Uint8Array) => new TextDecoder().decode(output);
  return { code, stdout: text(stdout), stderr: text(stderr).trim() };
}

async function withWorkspace(use: (data: string) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir();
  try {
    await use(data);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

/** An export that passed its audit, as far as deploy looks before it assembles the worker. */
async function writePassed(run: RunPaths, version: number = AUDIT_VERSION): Promise<void> {
  const exported = join(run.export, "model.safetensors");
  await writeAtomic(exported, "weights");
  await writeTinyAudit(run, exported, { version });
}

Deno.test("a dry run checks everything and uploads nothing", () =>
  withWorkspace(async (data) => {
    const run = workspace(data).run("latest");
    await writeTinyRun(run.root);
    await writePassed(run);
    await writeJson(join(data, "deploy.json"), { API_KEYS: [KEY] });
    const { code, stdout, stderr } = await deploy(data);
    assertEquals(code, 0, stderr);
    assertMatch(
      stdout,
      /Bundle: [\d.]+ [kM]B, [\d.]+ kB gzip; Cloudflare takes 67.1 MB uncompressed/,
    );
    assertStringIncludes(stdout, "env.RATE_LIMITER");
    assertStringIncludes(stdout, "nothing was uploaded");
  }));

const refusals: [string, unknown, string | undefined, string][] = [
  ["no settings", undefined, "pass", "deno task deploy --new-key NAME"],
  ["nobody could call", {}, "pass", "has neither API_KEYS nor OIDC_ISSUER"],
  ["the development flag", { API_KEYS: [KEY], DEVELOPMENT_NO_AUTH: "true" }, "pass", "remove it"],
  ["an unknown setting", { API_KEYS: [KEY], API_KEY: "x" }, "pass", "sets API_KEY, expected only"],
  ["half an OIDC", { OIDC_ISSUER: "https://idp" }, "pass", "set OIDC_ISSUER, OIDC_AUDIENCE and"],
  ["a malformed key", { API_KEYS: [{ name: "a" }] }, "pass", "Cannot read API_KEYS"],
  ["no audit", { API_KEYS: [KEY] }, undefined, 'audit.json does not exist; run "deno task audit'],
  ["a failed audit", { API_KEYS: [KEY] }, "fail", 'did not pass (it says "fail")'],
  ["no export", { API_KEYS: [KEY] }, "pass", 'run "deno task export --run latest" first'],
];

for (const [name, settings, verdict, message] of refusals) {
  Deno.test(`deploy refuses: ${name}`, () =>
    withWorkspace(async (data) => {
      const run = workspace(data).run("latest");
      if (settings) await writeJson(join(data, "deploy.json"), settings);
      const exported = join(run.export, "model.safetensors");
      await writeAtomic(exported, "weights");
      if (verdict) await writeTinyAudit(run, exported, { verdict });
      if (name === "no export") await Deno.remove(exported);
      const { code, stderr } = await deploy(data);
      assertEquals(code, 1, stderr);
      assertEquals(stderr.split("\n").length, 1, stderr);
      assertStringIncludes(stderr, message);
    }));
}

Deno.test("deploy refuses: an audit of older checks, and one of another model", () =>
  withWorkspace(async (data) => {
    const run = workspace(data).run("latest");
    await writeJson(join(data, "deploy.json"), { API_KEYS: [KEY] });
    await writePassed(run, AUDIT_VERSION - 1);
    assertStringIncludes((await deploy(data)).stderr, `is of version ${AUDIT_VERSION - 1}`);
    await writePassed(run);
    await writeAtomic(join(run.export, "model.safetensors"), "other weights");
    const { code, stderr } = await deploy(data);
    assertEquals(code, 1, stderr);
    assertEquals(stderr.split("\n").length, 1, stderr);
    assertStringIncludes(stderr, `is of another model than ${run.export}`);
    assertStringIncludes(stderr, 'run "deno task audit --data');
  }));

Deno.test("deploy refuses non-commercial public texts until their licence is accepted", () =>
  withWorkspace(async (data) => {
    const run = workspace(data).run("latest");
    await writeTinyRun(run.root);
    await writePassed(run);
    await writeJson(join(data, "deploy.json"), { API_KEYS: [KEY] });
    await writeJson(run.config, { licences: { web: "CC BY 4.0", cases: "CC BY-NC 4.0" } });
    const refused = await deploy(data);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, '"cases" (CC BY-NC 4.0)');
    assertEquals(refused.stderr.includes('"web"'), false);
    assertStringIncludes(refused.stderr, "--accept-licence");
    const accepted = await deploy(data, "--accept-licence");
    assertEquals(accepted.code, 0, accepted.stderr);
  }));

Deno.test("deploy refuses a bundle that Cloudflare would not take, and says what to do", () =>
  withWorkspace(async (data) => {
    const run = workspace(data).run("latest");
    await writeTinyRun(run.root);
    await Deno.truncate(join(run.export, "onnx", "model_quantized.onnx"), 65 * 2 ** 20);
    await writePassed(run);
    await writeJson(join(data, "deploy.json"), { API_KEYS: [KEY] });
    const { code, stderr } = await deploy(data);
    assertEquals(code, 1, stderr);
    assertEquals(stderr.split("\n").length, 1, stderr);
    assertStringIncludes(stderr, "expected at most 67.1 MB uncompressed");
    assertStringIncludes(stderr, 'or serve it in house with "deno task serve --settings FILE"');
  }));

Deno.test("a new key and its digest belong together", () =>
  withWorkspace(async (data) => {
    const { code, stdout } = await deploy(data, "--new-key", "ehr");
    assertEquals(code, 0);
    const key = /nmg_[0-9a-f]{64}/.exec(stdout)![0];
    const { name, sha256 } = JSON.parse(stdout.trim().split("\n").at(-1)!);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
    assertEquals([name, sha256], ["ehr", new Uint8Array(digest).toHex()]);
  }));
