/**
 * Assembles what runs in workerd: the bundled app, ONNX Runtime's WebAssembly, and the model and
 * tokenizer of an export, all as modules of one script. Weights are thereby reachable by no URL.
 *
 * workerd compiles no WebAssembly from bytes. The module is therefore imported, and a small glue
 * module instantiates it for ONNX Runtime instead of fetching it.
 */

import { basename, dirname, fromFileUrl, join } from "@std/path";
import { buildPages, bundle } from "./build_pages.ts";
import type { ModelInfo } from "./src/service.ts";

const here = dirname(fromFileUrl(import.meta.url));

/** Hands ONNX Runtime the compiled module in place of a URL. */
const GLUE = `import start from "./ort-wasm-simd-threaded.mjs";
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

const ENTRY = `import * as ort from "./ort.wasm.min.mjs";
import config from "./config.json";
import info from "./info.json";
import model from "./model.onnx";
import pages from "./pages.json";
import tokenizer from "./tokenizer.json";
import { createWorker } from "./worker.mjs";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { mjs: "./glue.mjs", wasm: "ort.wasm" };

export default createWorker({
  ort,
  model,
  config: JSON.parse(config),
  tokenizer: JSON.parse(tokenizer),
  info: JSON.parse(info),
  pages: JSON.parse(pages),
});
`;

export type Precision = "int8" | "f32";

/** Name of the ONNX file of an export, by precision. */
export const modelFile = (precision: Precision) =>
  join("onnx", precision === "int8" ? "model_worker_quantized.onnx" : "model_worker.onnx");

/** Throws an error that names `deno task export` unless `exportFolder` holds what a worker needs. */
export async function requireExport(exportFolder: string, precision: Precision): Promise<void> {
  for (const file of ["config.json", "tokenizer.json", modelFile(precision)]) {
    await Deno.stat(join(exportFolder, file)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      const run = basename(dirname(exportFolder));
      throw new Error(
        `Cannot find ${join(exportFolder, file)}; run "deno task export --run ${run}" first`,
      );
    });
  }
}

/** What the worker tells about the model at GET /model: from the export's own files. */
export async function modelInfo(exportFolder: string, precision: Precision): Promise<ModelInfo> {
  const optional = (file: string) => readJson(join(exportFolder, file)).catch(() => ({}));
  const config = await readJson(join(exportFolder, "config.json"));
  const settings = await optional("generation_config.json");
  const report = await optional("export.json");
  return {
    name: basename(dirname(exportFolder)),
    min_confidence: settings.min_confidence,
    precision,
    context_length: config.n_positions,
    vocabulary: config.vocab_size,
    parameters: report.parameters,
    weights: report.files?.[modelFile(precision)],
    card: await Deno.readTextFile(join(exportFolder, "README.md")).catch(() => undefined),
  };
}

// deno-lint-ignore no-explicit-any
const readJson = async (path: string): Promise<any> => JSON.parse(await Deno.readTextFile(path));

export interface AssembleOptions {
  precision?: Precision;
  /** Requests per caller and minute; default as in wrangler.jsonc. */
  rateLimit?: number;
}

/** Fills `folder` with wrangler.jsonc and, under build/, every module of the worker. */
export async function assemble(
  exportFolder: string,
  folder: string,
  { precision = "int8", rateLimit }: AssembleOptions = {},
): Promise<void> {
  await requireExport(exportFolder, precision);
  const build = join(folder, "build");
  await Deno.mkdir(build, { recursive: true });
  const runtime = new URL("./", import.meta.resolve("onnxruntime-web/wasm"));
  await Promise.all([
    bundle(join(here, "src", "main.ts"), join(build, "worker.mjs")),
    Deno.writeTextFile(join(build, "glue.mjs"), GLUE),
    Deno.writeTextFile(join(build, "entry.mjs"), ENTRY),
    Deno.writeTextFile(
      join(build, "info.json"),
      JSON.stringify(await modelInfo(exportFolder, precision)),
    ),
    Deno.writeTextFile(join(build, "pages.json"), JSON.stringify(await buildPages())),
    Deno.copyFile(new URL("ort.wasm.min.mjs", runtime), join(build, "ort.wasm.min.mjs")),
    Deno.copyFile(
      new URL("ort-wasm-simd-threaded.mjs", runtime),
      join(build, "ort-wasm-simd-threaded.mjs"),
    ),
    Deno.copyFile(new URL("ort-wasm-simd-threaded.wasm", runtime), join(build, "ort.wasm")),
    Deno.copyFile(join(exportFolder, modelFile(precision)), join(build, "model.onnx")),
    Deno.copyFile(join(exportFolder, "config.json"), join(build, "config.json")),
    Deno.copyFile(join(exportFolder, "tokenizer.json"), join(build, "tokenizer.json")),
    writeConfig(folder, rateLimit),
  ]);
}

async function writeConfig(folder: string, rateLimit: number | undefined): Promise<void> {
  const config = await Deno.readTextFile(join(here, "wrangler.jsonc"));
  const limited = rateLimit === undefined
    ? config
    : config.replace(/"limit": \d+/, `"limit": ${rateLimit}`);
  await Deno.writeTextFile(join(folder, "wrangler.jsonc"), limited);
}
