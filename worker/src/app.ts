/** The HTTP face of a completion service: who may call, limits, headers, routes. */

import { OpenAPIHono, type z } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { NONCE, secureHeaders } from "hono/secure-headers";
import { audit } from "./audit.ts";
import type { Authenticate, Caller } from "./auth.ts";
import { addCompleteRoute } from "./complete_route.ts";
import { contextRequest } from "./context_request.ts";
import { addContextRoute } from "./context_route.ts";
import { ContextStore } from "./context_store.ts";
import { docsPage, type OpenApiDocument } from "./docs.ts";
import { type RateLimiter, requireWithinLimit, runner } from "./limits.ts";
import { requireHost } from "./hosts.ts";
import { generateRequest } from "./openai_request.ts";
import { addOpenAiRoutes } from "./openai_route.ts";
import { type PageFiles, servePages, type SmartSettings } from "./pages_route.ts";
import {
  handleError,
  handleNotFound,
  isOpenAiPath,
  ProblemError,
  validationProblem,
} from "./problem.ts";
import { completeRequest } from "./request.ts";
import type { Router } from "./router.ts";
import type { CompletionService } from "./service.ts";

export type { Authenticate, Caller, CompletionService, PageFiles, RateLimiter, SmartSettings };
export type { CutReason, NumbersPolicy } from "../../pipeline/lib/gpt/decode/policy.ts";
export type { FinishReason, Suggestion } from "../../pipeline/lib/gpt/decode/growth.ts";
export { contextKinds } from "../../pipeline/lib/gpt/decode/context/types.ts";
export type {
  ContextItem,
  ContextKind,
  ContextSource,
} from "../../pipeline/lib/gpt/decode/context/types.ts";
export type { Admission } from "./turns.ts";
export type { TextPiece, TextSettings } from "./generate_text.ts";
export type { PageFile } from "./pages_route.ts";
export type { CompleteRequest, CompleteResponse } from "./request.ts";
export type { ComputeOptions, ModelInfo, ReadContext } from "./service.ts";

/** The part of workerd's context that is used: what goes on after an answer was given. */
export interface ExecutionContext {
  /** Keeps the worker alive until `promise` settles. */
  waitUntil(promise: Promise<unknown>): void;
}

/** The app. A server is given its `fetch`; `request` is the short way for a test or a script. */
export interface App {
  /** Answers a request; every error becomes a problem+json answer. */
  fetch(
    request: Request,
    environment?: unknown,
    context?: ExecutionContext,
  ): Response | Promise<Response>;
  /** The same, also for a path alone, such as "/healthz". */
  request(request: string | Request, init?: RequestInit): Response | Promise<Response>;
}

/** What the app has to know beside the model. */
export interface AppSettings {
  /** Who is calling; its errors are the answers to those who may not. */
  authenticate: Authenticate;
  /** Origins of the pages that may call from a browser; the worker's own needs no entry. */
  allowedOrigins?: readonly string[];
  /** Host names under which it answers; every one if there are none. */
  hosts?: readonly string[];
  /** Counts the requests of each caller; without it nothing is limited. */
  rateLimiter?: RateLimiter;
  /** The plugin, and the pages around it. */
  pages?: PageFiles;
  /** What the SMART page is told; by default that it is not set up. */
  smart?: SmartSettings;
  /** Receives one audit line per request. */
  log?: (line: string) => void;
}

/** Largest body: a context and the two longest texts in UTF-8, escaped as JSON would ordinary text. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Paths that compute: they take JSON by POST. */
const computing = ["/complete", "/context", "/v1/completions"];
/** Paths that need credentials. */
const guarded = [...computing, "/v1/models", "/v1/models/*", "/model"];
const open = ["/healthz", "/readyz", "/openapi.json", "/docs"];

/** The fields of each request, which a message may name. */
const fieldsOf = (path: string) => {
  if (isOpenAiPath(path)) return Object.keys(generateRequest.shape);
  return [completeRequest, contextRequest].flatMap(({ shape }) => Object.keys(shape))
    .concat("source", "kind", "date");
};

const description = {
  openapi: "3.1.0",
  info: {
    title: "Nano Med GPT",
    version: "1.0.0",
    description:
      "Autocomplete for clinical notes. Not a medical device; suggestions must be read " +
      "before they are accepted.",
  },
};

/**
 * The app around `service`: every route of `/docs`, the audit line, headers, limits. The model is
 * loaded by the first request that needs it.
 */
export function createApp(service: CompletionService, settings: AppSettings): App {
  const { authenticate, allowedOrigins = [], rateLimiter, log = () => {} } = settings;
  const { hosts = [], pages = {}, smart = { clientId: "", servers: [] } } = settings;
  const app: Router = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (!result.success) {
        return validationProblem(c, result.error as z.ZodError, fieldsOf(c.req.path));
      }
    },
  });
  app.onError(handleError);
  app.notFound(handleNotFound);
  app.use(audit(log, new Set([...guarded, ...open, ...Object.keys(pages)])));
  app.use(requireHost(hosts));
  app.use(servePages(pages, { allowedOrigins, smart }));
  app.use(secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: [NONCE],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    referrerPolicy: "no-referrer",
    // Pages of allowed origins read the answers; CORS decides which.
    crossOriginResourcePolicy: "cross-origin",
  }));
  app.use(async (c, next) => {
    await next();
    c.header("cache-control", "no-store");
  });
  app.use(cors({
    origin: (origin) => allowedOrigins.includes(origin) ? origin : null,
    allowMethods: ["GET", "POST"],
    allowHeaders: ["authorization", "content-type", "x-api-key"],
    exposeHeaders: ["x-request-id", "retry-after"],
    maxAge: 600,
  }));
  for (const path of guarded) {
    app.use(path, async (c, next) => {
      const caller = await authenticate(c.req.raw);
      c.set("caller", caller);
      c.get("facts").caller = caller;
      await requireWithinLimit(rateLimiter, caller);
      await next();
    });
  }
  for (const path of computing) app.use(path, requireJson, limitBody);

  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    await service.ready();
    return c.json({ status: "ready" });
  });
  app.get("/model", (c) => c.json(service.info));
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "An API key, or an access token of the identity provider.",
  });
  app.get("/openapi.json", (c) => c.json(app.getOpenAPI31Document(description)));
  app.get("/docs", (c) => {
    const document = app.getOpenAPI31Document(description) as unknown as OpenApiDocument;
    return c.html(docsPage(document, c.get("secureHeadersNonce") ?? ""));
  });
  const run = runner(), store = new ContextStore();
  addCompleteRoute(app, service, run, store);
  addContextRoute(app, service, store);
  addOpenAiRoutes(app, service, run);
  return app;
}

const requireJson: Parameters<Router["use"]>[1] = async (c, next) => {
  if (c.req.method !== "POST") {
    throw new ProblemError(405, "Send POST to this path", { allow: "POST" });
  }
  if (!/^application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? "")) {
    throw new ProblemError(415, "Send the body with content-type: application/json");
  }
  await next();
};

const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new ProblemError(413, `The body is larger than ${MAX_BODY_BYTES} bytes`);
  },
});
