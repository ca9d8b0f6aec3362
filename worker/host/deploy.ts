/**
 * `deno task deploy`: checks first (export, authentication, audit verdict, size, rate limit), then
 * wrangler. With --dry-run everything but the upload, offline.
 */

import { join } from "@std/path";
import { type RunPaths, type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { passGate } from "../../pipeline/artifacts/gate.ts";
import { readExport } from "../../pipeline/artifacts/exported.ts";
import { licencesOf, requireLicences } from "../../pipeline/artifacts/licences.ts";
import { requireFile } from "../../pipeline/lib/base/files.ts";
import { bytes, defineTask, runTask, UsageError } from "../../pipeline/lib/base/cli.ts";
import manifest from "../../deno.json" with { type: "json" };
import { type EngineName, engines } from "../src/engine.ts";
import { assemble } from "./build.ts";
import { readSettings } from "./settings.ts";
import { type TargetName, targets, writeTarget } from "./targets/mod.ts";

/** Pinned in deno.json: the newest whose workerd has binaries for every platform in the registry. */
export const WRANGLER = manifest.imports.wrangler;

/** Keep wrangler from asking, reporting and looking for updates. */
export const quietWrangler = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  CI: "1",
  NO_COLOR: "1",
};

/**
 * Largest script that Cloudflare accepts, uncompressed, on every plan. Limits of the gzip size (3 MB
 * free, 10 MB paid) ended on 2026-09-04, says its changelog of that day.
 */
const MAX_SCRIPT_BYTES = 64 * 2 ** 20;

export const task = defineTask({
  name: "deploy",
  summary: "Checks an exported run and its settings, then deploys the worker with wrangler, or\n" +
    "writes what a machine or cluster of your own needs.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to deploy" },
    engine: {
      type: "string",
      choices: engines,
      help: "inference engine (default: that of the settings, or wasm, our kernels)",
    },
    target: {
      type: "string",
      choices: ["cloudflare", ...targets],
      default: "cloudflare",
      help: "where it is to run; all but cloudflare write into --output and upload nothing",
    },
    processes: {
      type: "integer",
      default: 4,
      min: 1,
      max: 256,
      help: "processes on a machine of your own, one per core",
    },
    settings: {
      type: "string",
      placeholder: "FILE",
      help: "JSON with API_KEYS, OIDC_…, ALLOWED_ORIGINS (default DATA/deploy.json)",
    },
    "accept-risk": {
      type: "string",
      placeholder: "REASON",
      help: "deploy without a passed privacy audit",
    },
    "accept-licence": {
      type: "boolean",
      help: "deploy what has learned from public texts whose licence restricts their use",
    },
    "new-key": {
      type: "string",
      placeholder: "NAME",
      help: "only make an API key: prints it once, with its entry for API_KEYS",
    },
    "rate-limit": {
      type: "integer",
      min: 1,
      help: "requests per caller and minute; an API key of a whole EHR needs many (default 1200)",
    },
    output: {
      type: "string",
      placeholder: "FOLDER",
      help: "write what is deployed into this new folder; for cloudflare without secrets",
    },
    "dry-run": { type: "boolean", help: "do everything but the upload; needs no network" },
  },
  examples: [
    "deno task deploy --new-key ehr",
    "deno task deploy --run nano --dry-run",
    "deno task deploy --run nano --target haproxy --processes 8 --output nano-med-gpt",
  ],
  async run(flags) {
    if (flags.newKey !== undefined) return await printNewKey(flags.newKey);
    const paths = workspace(flags.data), run = paths.run(flags.run);
    const { secrets, engine } = await readSettings(
      flags.settings ?? join(flags.data, "deploy.json"),
    );
    await requireAudit(paths, run, flags.run, flags.acceptRisk);
    const exported = await readExport(run.export, []);
    const licences = { ...await licencesOf(paths, run, { ngram: false }), ...exported?.licences };
    requireLicences(licences, flags.acceptLicence);
    if (flags.target !== "cloudflare") {
      const { output, target, processes, rateLimit } = flags;
      if (output === undefined) throw new UsageError(`--target ${target} needs --output FOLDER`);
      const folder = await emptyFolder(output);
      await assemble(run.export, folder, { engine: (flags.engine ?? engine) as EngineName });
      console.log(
        await writeTarget(folder, target as TargetName, secrets, { processes, rateLimit }),
      );
      return;
    }
    const temporary = await Deno.makeTempDir({ prefix: "nano-med-gpt-deploy-" });
    try {
      const folder = flags.output === undefined
        ? join(temporary, "worker")
        : await emptyFolder(flags.output);
      await assemble(run.export, folder, {
        engine: (flags.engine ?? engine) as EngineName | undefined,
        rateLimit: flags.rateLimit,
      });
      await requireSize(join(folder, "build"));
      await wranglerDeploy(folder, temporary, secrets, flags.dryRun);
    } finally {
      await Deno.remove(temporary, { recursive: true });
    }
    console.log(
      flags.dryRun
        ? "Everything is in order; nothing was uploaded."
        : "Deployed. Read worker/README.md on what to settle before clinicians use it.",
    );
  },
});

async function printNewKey(name: string): Promise<void> {
  if (!/^[\w-]{1,64}$/.test(name)) {
    throw new UsageError(`--new-key is "${name}", expected 1 to 64 letters, digits, - or _`);
  }
  const random = crypto.getRandomValues(new Uint8Array(32));
  const key = `nmg_${random.toHex()}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  const sha256 = new Uint8Array(digest).toHex();
  console.log(`Key, for the caller alone (it cannot be shown again):\n${key}\n`);
  console.log(`Entry, for API_KEYS in the settings:\n${JSON.stringify({ name, sha256 })}`);
}

/** Throws unless the exported model passed its audit, or somebody took the risk. */
async function requireAudit(
  paths: Workspace,
  run: RunPaths,
  name: string,
  acceptedRisk: string | undefined,
): Promise<void> {
  const model = join(run.export, "model.safetensors");
  if (acceptedRisk === undefined) await requireFile(model, `deno task export --run ${name}`);
  const evidence = await passGate({ paths, run, model, doing: "deploy", acceptedRisk });
  if (evidence.acceptedRisk !== undefined) {
    console.log(`Deploying without a passed audit, because: ${acceptedRisk}`);
  }
}

async function requireSize(build: string): Promise<void> {
  let raw = 0, compressed = 0;
  for await (const { name } of Deno.readDir(build)) {
    const content = await Deno.readFile(join(build, name));
    raw += content.length;
    const gzip = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
    compressed += (await new Response(gzip).arrayBuffer()).byteLength;
  }
  const allowed = `${bytes(MAX_SCRIPT_BYTES)} uncompressed`;
  console.log(`Bundle: ${bytes(raw)}, ${bytes(compressed)} gzip; Cloudflare takes ${allowed}`);
  if (raw <= MAX_SCRIPT_BYTES) return;
  throw new RangeError(
    `Cannot deploy: the bundle has ${
      bytes(raw)
    }, expected at most ${allowed}; train a smaller model or vocabulary, or serve it in house with "deno task serve --settings FILE"`,
  );
}

/** `path`, which must be new or empty: nothing of it is overwritten. */
async function emptyFolder(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  for await (const { name } of Deno.readDir(path)) {
    throw new UsageError(`--output is ${path}, which holds ${name}; expected a new folder`);
  }
  return path;
}

async function wranglerDeploy(
  folder: string,
  temporary: string,
  secrets: Record<string, string>,
  dryRun: boolean,
): Promise<void> {
  const secretsFile = join(temporary, "secrets.json");
  await Deno.writeTextFile(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
  const args = ["run", "-A", WRANGLER, "deploy", "--config", join(folder, "wrangler.jsonc")];
  args.push("--secrets-file", secretsFile);
  if (dryRun) args.push("--dry-run", "--outdir", join(temporary, "dry-run"));
  const { code } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { ...quietWrangler, WRANGLER_LOG_PATH: join(temporary, "logs") },
    stdin: "null",
  }).spawn().status;
  if (code !== 0) {
    throw new Error(`wrangler ended with exit code ${code}; see its message above`);
  }
}

if (import.meta.main) await runTask(task);
