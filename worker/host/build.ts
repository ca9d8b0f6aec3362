/**
 * Assembles what runs in workerd: the bundled app, an engine in WebAssembly, and the ONNX file and
 * tokenizer of an export, all as modules of one script. Weights are thereby reachable by no URL.
 */

import { parse as parseJsonc } from "@std/jsonc";
import { basename, dirname, fromFileUrl, join } from "@std/path";
import type { Calibration } from "../../pipeline/artifacts/calibration.ts";
import { readExport } from "../../pipeline/artifacts/exported.ts";
import { readReport } from "../../pipeline/artifacts/reports.ts";
import { exists, readJson, sha256File } from "../../pipeline/lib/base/files.ts";
import type { MixtureSettings } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { compileKernels } from "../../pipeline/lib/gpt/wasm/compile.ts";
import { buildPages, bundle } from "./build_pages.ts";
import { cardHtml } from "./card.ts";
import type { EngineName } from "../src/engine.ts";
import type { ModelInfo } from "../src/service.ts";

const here = dirname(fromFileUrl(import.meta.url));

/** How the modules of each engine make an `Engine`. */
const ENGINES: Record<EngineName, string> = {
  wasm: `import kernels from "./kernels.wasm";
const engine = { name: "wasm", kernels };
`,
  "onnxruntime-web": `import * as ort from "./ort.wasm.min.mjs";
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { mjs: "./ort_glue.mjs", wasm: "ort.wasm" };
const engine = { name: "onnxruntime-web", ort };
`,
};

const entryOf = (engine: EngineName) =>
  `${ENGINES[engine]}
import config from "./config.json";
import info from "./info.json";
import mixture from "./mixture.json";
import model from "./model.onnx";
import ngram from "./ngram.bin";
import pages from "./pages.json";
import tokenizer from "./tokenizer.json";
import { createWorker } from "./worker.mjs";

export default createWorker({
  engine,
  model,
  config: JSON.parse(config),
  tokenizer: JSON.parse(tokenizer),
  info: JSON.parse(info),
  mixture: JSON.parse(mixture),
  ngram,
  pages: JSON.parse(pages),
});
`;

/**
 * workerd compiles no WebAssembly from bytes: ONNX Runtime is handed the imported module in place of
 * a URL.
 */
const ORT_GLUE = `import start from "./ort-wasm-simd-threaded.mjs";
import wasm from "./ort.wasm";

export default (options) =>
  start({
    ...options,
    locateFile: (file) => file,
    instantiateWasm(imports, done) {
      WebAssembly.instantiate(wasm, imports).then((instance) => done(instance, wasm));
      return {};
    },
  });
`;

/** What `deno task export` writes for serving. */
export const MODEL_FILE = "onnx/model_quantized.onnx";

/** The same by the names that optimum and transformers.js give it, in the order of preference. */
const FOREIGN_FILES = [
  "onnx/decoder_model_merged_quantized.onnx",
  "model_quantized.onnx",
  "onnx/model.onnx",
  "onnx/decoder_model_merged.onnx",
  "decoder_model_merged.onnx",
  "model.onnx",
];

/**
 * The ONNX file of an export that `engine` serves, by its name in the folder. Throws an error that
 * names `deno task export` unless `exportFolder` holds it and what else a worker needs.
 */
export async function requireExport(exportFolder: string, engine: EngineName): Promise<string> {
  const names = engine === "wasm" ? [MODEL_FILE] : [MODEL_FILE, ...FOREIGN_FILES];
  const there = await Promise.all(names.map((name) => exists(join(exportFolder, name))));
  const model = names.find((_, i) => there[i]) ?? MODEL_FILE;
  for (const file of ["config.json", "tokenizer.json", model]) {
    if (await exists(join(exportFolder, file))) continue;
    const run = basename(dirname(exportFolder));
    const foreign = engine === "wasm" ? undefined : names.slice(1).join(", ");
    throw new Error(
      `Cannot find ${join(exportFolder, file)}${
        file === MODEL_FILE && foreign ? `, nor ${foreign}` : ""
      }; run "deno task export --run ${run}" first`,
    );
  }
  if (await exists(join(exportFolder, `${model}_data`))) {
    throw new Error(
      `Cannot serve ${join(exportFolder, model)}: its weights lie in a second file, ${
        basename(model)
      }_data; export the model into one file`,
    );
  }
  return model;
}

const MADE_BY = "deno task export";

/** What of an export is served besides the model. */
const SERVED_FILES = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "calibration.json",
  "ngram.bin",
];

/** What the worker tells about the model at GET /model: from the export's own files. */
export async function modelInfo(
  exportFolder: string,
  engine: EngineName,
  model: string,
): Promise<ModelInfo> {
  const absent = <T>(otherwise: T) => (error: unknown): T => {
    if (error instanceof Deno.errors.NotFound) return otherwise;
    throw error;
  };
  const report = await readExport(exportFolder, [model, ...SERVED_FILES]);
  const settingsFile = join(exportFolder, "generation_config.json");
  const settings = await exists(settingsFile)
    ? await readJson<{ min_confidence?: number }>(settingsFile, MADE_BY)
    : undefined;
  const config = await readJson<{ n_positions: number; vocab_size: number }>(
    join(exportFolder, "config.json"),
    MADE_BY,
  );
  const card = await Deno.readTextFile(join(exportFolder, "README.md")).catch(absent(undefined));
  return {
    name: basename(dirname(exportFolder)),
    min_confidence: (await exportedCalibration(exportFolder))?.served.minConfidence ??
      settings?.min_confidence,
    engine,
    file: model,
    bytes: (await Deno.stat(join(exportFolder, model))).size,
    sha256: await sha256File(join(exportFolder, model)),
    precision: model.includes("quantized") ? "int8" : "float32",
    context_length: config.n_positions,
    vocabulary: config.vocab_size,
    parameters: report?.parameters,
    n_grams: report?.mixture,
    card,
    card_html: card && cardHtml(card),
  };
}

/** What the export serves: the n-grams, or null and no bytes where it serves the GPT alone. */
export async function exportedMixture(
  exportFolder: string,
): Promise<{ settings: MixtureSettings | null; table: Uint8Array }> {
  const calibration = await exportedCalibration(exportFolder);
  if (calibration?.served.kind !== "gpt+mixture") {
    return { settings: null, table: new Uint8Array() };
  }
  const { table, note } = calibration.mixture;
  return {
    settings: { table: table && { weights: table.weights }, note },
    table: table ? await Deno.readFile(join(exportFolder, "ngram.bin")) : new Uint8Array(),
  };
}

/** The export's calibration.json; undefined for an export of a run that was not calibrated. */
async function exportedCalibration(exportFolder: string): Promise<Calibration | undefined> {
  const has = (name: string) =>
    Deno.stat(join(exportFolder, name)).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    });
  if (await has("calibration.json")) {
    return await readReport(
      "calibration",
      join(exportFolder, "calibration.json"),
      "deno task export",
    );
  }
  if (!await has("mixture.json")) return undefined;
  throw new Error(
    `Cannot serve ${exportFolder}: it has a mixture.json of an older version; ` +
      `run "deno task calibrate" and "deno task export" again`,
  );
}

export interface AssembleOptions {
  /** Default wasm. */
  engine?: EngineName;
  /** Requests per caller and minute; default as in wrangler.jsonc. */
  rateLimit?: number;
}

/** Fills `folder` with wrangler.jsonc and, under build/, every module of the worker. */
export async function assemble(
  exportFolder: string,
  folder: string,
  { engine = "wasm", rateLimit }: AssembleOptions = {},
): Promise<void> {
  const model = await requireExport(exportFolder, engine);
  const build = join(folder, "build");
  await Deno.mkdir(build, { recursive: true });
  const { settings, table } = await exportedMixture(exportFolder);
  await Promise.all([
    bundle(join(here, "../src/main.ts"), join(build, "worker.mjs")),
    engine === "wasm"
      ? compileKernels().then((wasm) => Deno.writeFile(join(build, "kernels.wasm"), wasm))
      : copyOnnxRuntime(build),
    Deno.writeTextFile(join(build, "entry.mjs"), entryOf(engine)),
    Deno.writeTextFile(
      join(build, "info.json"),
      JSON.stringify(await modelInfo(exportFolder, engine, model)),
    ),
    Deno.writeTextFile(join(build, "pages.json"), JSON.stringify(await buildPages())),
    Deno.copyFile(join(exportFolder, model), join(build, "model.onnx")),
    Deno.copyFile(join(exportFolder, "config.json"), join(build, "config.json")),
    Deno.copyFile(join(exportFolder, "tokenizer.json"), join(build, "tokenizer.json")),
    Deno.writeTextFile(join(build, "mixture.json"), JSON.stringify(settings)),
    Deno.writeFile(join(build, "ngram.bin"), table),
    writeConfig(folder, rateLimit),
  ]);
}

/** The runtime's own files, and the glue between them and workerd. */
async function copyOnnxRuntime(build: string): Promise<void> {
  const runtime = new URL("./", import.meta.resolve("onnxruntime-web/wasm"));
  const copy = (from: string, to = from) => Deno.copyFile(new URL(from, runtime), join(build, to));
  await Promise.all([
    Deno.writeTextFile(join(build, "ort_glue.mjs"), ORT_GLUE),
    copy("ort.wasm.min.mjs"),
    copy("ort-wasm-simd-threaded.mjs"),
    copy("ort-wasm-simd-threaded.wasm", "ort.wasm"),
  ]);
}

async function writeConfig(folder: string, rateLimit: number | undefined): Promise<void> {
  const path = join(folder, "wrangler.jsonc");
  const text = await Deno.readTextFile(join(here, "wrangler.jsonc"));
  if (rateLimit === undefined) return await Deno.writeTextFile(path, text);
  const config = parseJsonc(text) as { ratelimits: { simple: { limit: number } }[] };
  config.ratelimits[0].simple.limit = rateLimit;
  await Deno.writeTextFile(path, JSON.stringify(config, null, 2) + "\n");
}
