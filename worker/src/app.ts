/** The HTTP face of a completion service: routes, limits, headers. */

import { createRoute, OpenAPIHono, type z } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import {
  handleError,
  handleNotFound,
  ProblemError,
  problemSchema,
  validationProblem,
} from "./problem.ts";
import { completeRequest, completeResponse } from "./request.ts";
import type { CompletionService } from "./service.ts";

/** Largest body: the two longest texts in UTF-8, escaped as JSON would in ordinary text. */
const MAX_BODY_BYTES = 512 * 1024;

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

const completeRoute = createRoute({
  method: "post",
  path: "/complete",
  summary: "Complete the text before the caret",
  request: {
    body: { required: true, content: { "application/json": { schema: completeRequest } } },
  },
  responses: {
    200: {
      description: "What may be shown at the caret",
      content: { "application/json": { schema: completeResponse } },
    },
    400: problem("The body is not JSON"),
    413: problem("The body is too large"),
    415: problem("The body is not declared as JSON"),
    422: problem("A field is missing or wrong"),
  },
});

/** The app around `service`: `createApp({ complete, … })`. */
export function createApp(service: CompletionService): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) return validationProblem(result.error as z.ZodError, requestFields);
    },
  });
  app.onError(handleError);
  app.notFound(handleNotFound);
  app.use(secureHeaders());
  app.use(async (c, next) => {
    await next();
    c.header("cache-control", "no-store");
  });
  app.use(
    "/complete",
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new ProblemError(413, `The body is larger than ${MAX_BODY_BYTES} bytes`);
      },
    }),
  );
  app.use("/complete", async (c, next) => {
    if (c.req.method !== "POST") {
      throw new ProblemError(405, "Send POST to this path", { allow: "POST" });
    }
    const type = c.req.header("content-type") ?? "";
    if (!/^application\/json\s*(;|$)/i.test(type)) {
      throw new ProblemError(415, "Send the body with content-type: application/json");
    }
    await next();
  });
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    await service.ready();
    return c.json({ status: "ready" });
  });
  app.openapi(completeRoute, async (c) => {
    const request = c.req.valid("json");
    return c.json(await service.complete(request, { signal: c.req.raw.signal }), 200);
  });
  return app;
}

const requestFields = Object.keys(completeRequest.shape);
