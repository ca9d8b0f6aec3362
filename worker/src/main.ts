/** The worker: binds the model that travels inside the bundle to the app. */

import { createTokenizer } from "../../pipeline/decode/tokenizer.ts";
import { createApp } from "./app.ts";
import { completionService, type ModelInfo } from "./service.ts";
import { loadModel, type ModelConfig, type Runtime } from "./session.ts";

/** What the bundle's entry (worker/build.ts) hands over. */
export interface Parts {
  /** onnxruntime-web, told where its WebAssembly module is. */
  ort: Runtime;
  model: ArrayBuffer;
  /** The export's config.json, tokenizer.json, and what build.ts wrote about the model. */
  config: ModelConfig;
  tokenizer: unknown;
  info: ModelInfo;
}

/** What workerd calls; requests share the model of their isolate. */
export function createWorker({ ort, model, config, tokenizer, info }: Parts) {
  const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" } as const;
  const service = completionService(
    info,
    createTokenizer(tokenizer),
    () => loadModel(ort, new Uint8Array(model), config, options),
  );
  const app = createApp(service);
  return { fetch: app.fetch };
}
