/**
 * Assembles what runs in workerd: the bundled app, the kernels in WebAssembly, and the model and
 * tokenizer of an export, all as modules of one script. Weights are thereby reachable by no URL.
 */

import { basename, dirname, fromFileUrl, join } from "@std/path";
import type { MixtureFile } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { compileKernels } from "../../pipeline/lib/gpt/wasm/compile.ts";
import { buildPages, bundle } from "./build_pages.ts";
import type { ModelInfo } from "../src/service.ts";

const here = dirname(fromFileUrl(import.meta.url));

const ENTRY = `import config from "./config.json";
import info from "./info.json";
import kernels from "./kernels.wasm";
import mixture from "./mixture.json";
import ngram from "./ngram.bin";
import pages from "./pages.json";
import tokenizer from "./tokenizer.json";
import weights from "./worker.safetensors";
import { createWorker } from "./worker.mjs";

export default createWorker({
  kernels,
  weights,
  config: JSON.parse(config),
  tokenizer: JSON.parse(tokenizer),
  info: JSON.parse(info),
  mixture: JSON.parse(mixture),
  ngram,
  pages: JSON.parse(pages),
});
`;

/** The file of an export that the worker loads. */
export const WEIGHTS = "worker.safetensors";

/** Throws an error that names `deno task export` unless `exportFolder` holds what a worker needs. */
export async function requireExport(exportFolder: string): Promise<void> {
  for (const file of ["config.json", "tokenizer.json", WEIGHTS]) {
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
export async function modelInfo(exportFolder: string): Promise<ModelInfo> {
  const absent = <T>(otherwise: T) => (error: unknown): T => {
    if (error instanceof Deno.errors.NotFound) return otherwise;
    throw error;
  };
  const optional = (file: string) => readJson(join(exportFolder, file)).catch(absent({}));
  const config = await readJson(join(exportFolder, "config.json"));
  const settings = await optional("generation_config.json");
  const report = await optional("export.json");
  return {
    name: basename(dirname(exportFolder)),
    min_confidence: settings.min_confidence,
    precision: "int8",
    context_length: config.n_positions,
    vocabulary: config.vocab_size,
    parameters: report.parameters,
    weights: report.files?.[WEIGHTS],
    n_grams: report.mixture,
    card: await Deno.readTextFile(join(exportFolder, "README.md")).catch(absent(undefined)),
  };
}

// deno-lint-ignore no-explicit-any
async function readJson(path: string): Promise<any> {
  const text = await Deno.readTextFile(path);
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`Cannot read ${path}: it is not JSON; run "deno task export" again`);
  }
}

/** What stands beside the model: null and no bytes where the export has no n-grams. */
export async function exportedMixture(
  exportFolder: string,
): Promise<{ file: MixtureFile | null; table: Uint8Array }> {
  const read = (name: string) =>
    Deno.readFile(join(exportFolder, name)).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return new Uint8Array();
      throw error;
    });
  const json = new TextDecoder().decode(await read("mixture.json"));
  return { file: json === "" ? null : JSON.parse(json), table: await read("ngram.bin") };
}

export interface AssembleOptions {
  /** Requests per caller and minute; default as in wrangler.jsonc. */
  rateLimit?: number;
}

/** Fills `folder` with wrangler.jsonc and, under build/, every module of the worker. */
export async function assemble(
  exportFolder: string,
  folder: string,
  { rateLimit }: AssembleOptions = {},
): Promise<void> {
  await requireExport(exportFolder);
  const build = join(folder, "build");
  await Deno.mkdir(build, { recursive: true });
  const { file, table } = await exportedMixture(exportFolder);
  await Promise.all([
    bundle(join(here, "../src/main.ts"), join(build, "worker.mjs")),
    compileKernels().then((wasm) => Deno.writeFile(join(build, "kernels.wasm"), wasm)),
    Deno.writeTextFile(join(build, "entry.mjs"), ENTRY),
    Deno.writeTextFile(
      join(build, "info.json"),
      JSON.stringify(await modelInfo(exportFolder)),
    ),
    Deno.writeTextFile(join(build, "pages.json"), JSON.stringify(await buildPages())),
    Deno.copyFile(join(exportFolder, WEIGHTS), join(build, WEIGHTS)),
    Deno.copyFile(join(exportFolder, "config.json"), join(build, "config.json")),
    Deno.copyFile(join(exportFolder, "tokenizer.json"), join(build, "tokenizer.json")),
    Deno.writeTextFile(join(build, "mixture.json"), JSON.stringify(file)),
    Deno.writeFile(join(build, "ngram.bin"), table),
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
