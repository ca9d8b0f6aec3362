/** The same app on plain Deno with native ONNX Runtime, for those who keep everything in house. */

import { join } from "@std/path";
import * as ort from "onnxruntime-node";
import { createTokenizer } from "../pipeline/decode/tokenizer.ts";
import { modelFile, modelInfo, requireExport } from "./build.ts";
import { buildPages } from "./build_pages.ts";
import { createApp } from "./src/app.ts";
import { localRateLimiter } from "./src/limits.ts";
import { settingsOf } from "./src/main.ts";
import { completionService } from "./src/service.ts";
import { loadModel, type Runtime } from "./src/session.ts";
import { availablePort, noAuth, type RunningWorker, type StartOptions } from "./start_worker.ts";

/** Serves the export on the loopback interface; resolves when the model is loaded. */
export async function startDeno(
  { exportFolder, port, precision = "int8", onLog = () => {}, secrets = noAuth, rateLimit = 1200 }:
    StartOptions,
): Promise<RunningWorker> {
  await requireExport(exportFolder, precision);
  const read = async (file: string) =>
    JSON.parse(await Deno.readTextFile(join(exportFolder, file)));
  const config = await read("config.json");
  const model = await Deno.readFile(join(exportFolder, modelFile(precision)));
  const service = completionService(
    await modelInfo(exportFolder, precision),
    createTokenizer(await read("tokenizer.json")),
    () => loadModel(ort as unknown as Runtime, model, config, { executionProviders: ["cpu"] }),
  );
  const started = performance.now();
  await service.ready();
  const loadMilliseconds = performance.now() - started;
  const app = createApp(service, {
    ...settingsOf({ ...secrets, RATE_LIMITER: localRateLimiter(rateLimit, 60) }),
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
    stop: () => server.shutdown(),
  };
}
