/** The same app on plain Deno, for those who keep everything in house. */

import { join } from "@std/path";
import { createMixture } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { compileKernels } from "../../pipeline/lib/gpt/wasm/compile.ts";
import { exportedMixture, modelInfo, requireExport } from "./build.ts";
import { buildPages } from "./build_pages.ts";
import { createApp } from "../src/app.ts";
import { settingsOf } from "../src/main.ts";
import { type Engine, type EngineName, loadModel } from "../src/engine.ts";
import { completionService } from "../src/service.ts";
import {
  availablePort,
  noAuth,
  type RunningWorker,
  type StartOptions,
  withLoopbackHosts,
} from "./start_worker.ts";

/** Serves the export on the loopback interface; resolves when the model is loaded. */
export async function startDeno(
  {
    exportFolder,
    engine: name = "wasm",
    port,
    onLog = () => {},
    secrets = noAuth,
    rateLimit = 1200,
  }: StartOptions,
): Promise<RunningWorker> {
  const model = await requireExport(exportFolder, name);
  const read = async (file: string) =>
    JSON.parse(await Deno.readTextFile(join(exportFolder, file)));
  const config = await read("config.json");
  const weights = await Deno.readFile(join(exportFolder, model));
  const engine = await loadEngine(name);
  const { settings, table } = await exportedMixture(exportFolder);
  const service = completionService(
    await modelInfo(exportFolder, name, model),
    createTokenizer(await read("tokenizer.json")),
    () => loadModel(engine, weights, config),
    settings === null ? undefined : createMixture(settings, table),
  );
  const started = performance.now();
  await service.ready();
  const loadMilliseconds = performance.now() - started;
  const app = createApp(service, {
    ...settingsOf({ ...withLoopbackHosts(secrets), RATE_LIMIT: `${rateLimit}` }),
    pages: await buildPages(),
    log: onLog,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: availablePort(port), onListen() {} },
    (request) => app.fetch(request),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    loadMilliseconds,
    exited: server.finished,
    stop: () => server.shutdown(),
  };
}

async function loadEngine(name: EngineName): Promise<Engine> {
  if (name === "wasm") {
    return { name, kernels: await WebAssembly.compile(await compileKernels()) };
  }
  const ort = await import("onnxruntime-web/wasm");
  ort.env.wasm.numThreads = 1;
  return { name, ort };
}
