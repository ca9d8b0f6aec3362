/**
 * `deno task bundle`: one archive with everything that training on a GPU needs, for servers without
 * internet. It holds this very Deno, the code, the npm packages, the tests and the bench of the
 * kernels, and runs wherever a Vulkan driver is.
 */

import { dirname, fromFileUrl, join } from "@std/path";
import { temporaryName } from "../lib/base/files.ts";
import { bytes, defineTask, runTask } from "../lib/base/cli.ts";
import { launcher, missingPackage, readme } from "./texts.ts";

const NAME = "nano-med-gpt";
const root = fromFileUrl(new URL("../../", import.meta.url));

/** Copied as they are. */
const folders = [
  "kernels",
  "pipeline",
  "tests/kernels",
  "tests/bench/kernels",
  "tests/bench/step",
  "tests/helpers",
];
const files = [
  "LICENSE",
  "tests/bench/main.ts",
  "tests/fixtures/gpt2_tiny.json",
  "tests/fixtures/gpt2_tiny.safetensors",
];

/** Packages that go along; every other one of deno.json becomes a module that says so. */
const packages = /^(@std\/.*|@huggingface\/tokenizers|hono|onnxruntime-web|vega|vega-lite|zod)$/;

/** ONNX Runtime (for the samples of a run) comes in many builds; the bundle needs one, of 14 MB. */
const unused =
  /onnxruntime-web\/[^/]+\/dist\/(?!(ort\.node\.min\.m?js|ort-wasm-simd-threaded\.(mjs|wasm))$)/;

/** What the launcher can start; their imports decide what the package cache holds. */
const entries = [
  "pipeline/train/main.ts",
  "pipeline/train/webgpu_engine.ts",
  "tests/bench/main.ts",
  "tests/bench/kernels/main.ts",
  "tests/bench/step/main.ts",
];

const task = defineTask({
  name: "bundle",
  summary:
    "Packs Deno, the code and its packages into one archive for GPU servers without internet.",
  flags: {
    out: {
      type: "string",
      placeholder: "PATH",
      help: `the archive (default DATA/bundle/${NAME}.tar.gz)`,
    },
  },
  async run({ data, out }) {
    const { os, arch } = Deno.build;
    if (os !== "linux") {
      throw new Error(`Cannot bundle on ${os} ${arch}: expected linux; run it there`);
    }
    const archive = out ?? join(data, "bundle", `${NAME}.tar.gz`);
    await Deno.mkdir(dirname(archive), { recursive: true });
    const stage = await Deno.makeTempDir();
    try {
      await fill(join(stage, NAME));
      await pack(stage, archive);
    } finally {
      await Deno.remove(stage, { recursive: true });
    }
    console.log(`${archive}: ${bytes((await Deno.stat(archive)).size)}`);
    console.log(`Next, on the GPU server: tar xzf ${NAME}.tar.gz && ${NAME}/${NAME} test kernels`);
  },
});

/** Puts everything in place, then has Deno fetch the packages into the folder's own cache. */
async function fill(folder: string): Promise<void> {
  for (const path of folders) await copyFolder(join(root, path), join(folder, path));
  for (const path of files) await copyFile(join(root, path), join(folder, path));
  await copyFile(Deno.execPath(), join(folder, "deno"));
  await Deno.writeTextFile(join(folder, "missing_package.ts"), missingPackage);
  await Deno.writeTextFile(join(folder, "README.txt"), readme(Deno.version.deno));
  await Deno.writeTextFile(join(folder, NAME), launcher);
  await Deno.chmod(join(folder, NAME), 0o755);
  await Deno.chmod(join(folder, "deno"), 0o755);
  await Deno.writeTextFile(join(folder, "deno.json"), await reducedConfig());
  const tests = await filesBelow(join(folder, "tests/kernels"));
  const { success, stderr } = await new Deno.Command(join(folder, "deno"), {
    args: ["cache", "--no-check", ...entries, ...tests.filter((path) => path.endsWith("_test.ts"))],
    cwd: folder,
    env: { DENO_DIR: join(folder, "cache"), NO_COLOR: "1" },
  }).output();
  if (!success) {
    const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new Error(`Cannot fetch the packages of the bundle: ${reason}; is the network there?`);
  }
  for (const path of await filesBelow(join(folder, "cache"))) {
    if (unused.test(path)) await Deno.remove(path);
  }
}

/** deno.json with only the imports that go along. */
async function reducedConfig(): Promise<string> {
  const config = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  const imports = Object.entries<string>(config.imports).map(([name, target]) => [
    name,
    packages.test(name) ? target : "./missing_package.ts",
  ]);
  const { nodeModulesDir, unstable, compilerOptions } = config;
  // No lock file: Deno would fetch all that the repository's names. Direct imports are exact pins.
  const reduced = {
    nodeModulesDir,
    unstable,
    compilerOptions,
    lock: false,
    imports: Object.fromEntries(imports),
  };
  return JSON.stringify(reduced, null, 2) + "\n";
}

async function copyFile(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
}

async function copyFolder(from: string, to: string): Promise<void> {
  for (const path of await filesBelow(from)) {
    await copyFile(path, join(to, path.slice(from.length)));
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) paths.push(...await filesBelow(path));
    else paths.push(path);
  }
  return paths;
}

/** Through a temporary name; the same input gives the same names, order and owners. */
async function pack(stage: string, archive: string): Promise<void> {
  const temporary = temporaryName(archive);
  const { success, stderr } = await new Deno.Command("tar", {
    args: ["-czf", temporary, "--sort=name", "--owner=0", "--group=0", "-C", stage, NAME],
  }).output();
  if (!success) {
    await Deno.remove(temporary).catch(() => {});
    throw new Error(`Cannot write ${archive}: ${new TextDecoder().decode(stderr).trim()}`);
  }
  await Deno.rename(temporary, archive);
}

if (import.meta.main) await runTask(task);
