/** The same app on plain Deno, for those who keep everything in house. */

import { join } from "@std/path";
import { createMixture } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { compileKernels } from "../../pipeline/lib/gpt/wasm/compile.ts";
import { loadWasmModel } from "../../pipeline/lib/gpt/wasm/model.ts";
import { exportedMixture, modelInfo, requireExport, WEIGHTS } from "./build.ts";
import { buildPages } from "./build_pages.ts";
import { createApp } from "../src/app.ts";
import { settingsOf } from "../src/main.ts";
import { CACHE_BYTES, completionService } from "../src/service.ts";
import { availablePort, noAuth, type RunningWorker, type StartOptions } from "./start_worker.ts";

/** Serves the export on the loopback interface; resolves when the model is loaded. */
export async function startDeno(
  { exportFolder, port, onLog = () => {}, secrets = noAuth, rateLimit = 1200 }: StartOptions,
): Promise<RunningWorker> {
  await requireExport(exportFolder);
  const read = async (file: string) =>
    JSON.parse(await Deno.readTextFile(join(exportFolder, file)));
  const config = await read("config.json");
  const weights = await Deno.readFile(join(exportFolder, WEIGHTS));
  const kernels = await WebAssembly.compile(await compileKernels());
  const { file, table } = await exportedMixture(exportFolder);
  const service = completionService(
    await modelInfo(exportFolder),
    createTokenizer(await read("tokenizer.json")),
    () => loadWasmModel(kernels, weights, config, { cacheBytes: CACHE_BYTES }),
    file === null ? undefined : createMixture(file, table),
  );
  const started = performance.now();
  await service.ready();
  const loadMilliseconds = performance.now() - started;
  const app = createApp(service, {
    ...settingsOf({ ...secrets, RATE_LIMIT: `${rateLimit}` }),
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
