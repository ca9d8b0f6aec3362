/** The worker: binds the model that travels inside the bundle to the app. */

import { createMixture, type MixtureSettings } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import type { ModelShape } from "../../pipeline/lib/gpt/config.ts";
import { type App, type AppSettings, createApp, type ExecutionContext } from "./app.ts";
import { authenticator } from "./auth.ts";
import { type Engine, loadModel } from "./engine.ts";
import { localRateLimiter, type RateLimiter } from "./limits.ts";
import type { PageFiles } from "./pages_route.ts";
import { ProblemError } from "./problem.ts";
import { listOf, settingMistakes, type Settings } from "./settings.ts";
import { completionService, type ModelInfo } from "./service.ts";

/** What the bundle's entry (worker/host/build.ts) hands over. */
export interface Parts {
  engine: Engine;
  /** The export's ONNX file, config.json, tokenizer.json, and what build.ts says of it. */
  model: ArrayBuffer;
  config: ModelShape;
  tokenizer: unknown;
  info: ModelInfo;
  /** The n-grams that the export serves, and its ngram.bin; null and empty where it serves none. */
  mixture: MixtureSettings | null;
  ngram: ArrayBuffer;
  pages: PageFiles;
}

/** Variables, secrets and bindings: wrangler.jsonc and `wrangler secret`. */
export interface Environment extends Settings {
  /** Cloudflare's rate limit binding. */
  RATE_LIMITER?: RateLimiter;
}

/** What workerd calls; requests share the model of their isolate. */
export function createWorker(parts: Parts) {
  const { engine, model, config, tokenizer, info, mixture, ngram, pages } = parts;
  const service = completionService(
    info,
    createTokenizer(tokenizer),
    () => loadModel(engine, new Uint8Array(model), config),
    mixture === null ? undefined : createMixture(mixture, new Uint8Array(ngram)),
  );
  let app: App | undefined;
  return {
    fetch(request: Request, env: Environment, context: ExecutionContext) {
      app ??= createApp(service, { ...settingsOf(env), pages });
      // A client that leaves while the model loads must not leave it half loaded for all others.
      const needsModel = new URL(request.url).pathname !== "/healthz";
      if (needsModel) context.waitUntil(service.ready().catch(() => {}));
      return app.fetch(request, env, context);
    },
  };
}

/**
 * The app's settings as the environment gives them. Settings that cannot be used let nobody in, and
 * the log says why.
 */
export function settingsOf(environment: Environment): AppSettings {
  // workerd gives null for a variable that its process does not have.
  const env: Environment = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== null),
  );
  const log = (line: string) => console.log(line);
  const mistakes = settingMistakes(env);
  if (mistakes.length > 0) {
    for (const error of mistakes) log(JSON.stringify({ event: "misconfigured", error }));
    return {
      authenticate: () =>
        Promise.reject(new ProblemError(503, "The settings are wrong; see the worker's log")),
      log,
    };
  }
  return {
    authenticate: authenticator(env),
    allowedOrigins: listOf(env.ALLOWED_ORIGINS),
    hosts: listOf(env.HOSTS),
    smart: { clientId: env.SMART_CLIENT_ID ?? "", servers: listOf(env.SMART_SERVERS) },
    rateLimiter: env.RATE_LIMITER ?? localRateLimiter(Number(env.RATE_LIMIT ?? 1200), 60),
    log,
  };
}
