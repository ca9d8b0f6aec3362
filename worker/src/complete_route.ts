/** `POST /complete`, as one answer or as a stream. */

import { createRoute } from "@hono/zod-openapi";
import type { Suggestion } from "../../pipeline/lib/gpt/decode/growth.ts";
import { computeErrors, streamed } from "./answers.ts";
import { contextOf } from "./context_route.ts";
import type { ContextStore } from "./context_store.ts";
import type { Run } from "./limits.ts";
import type { Router } from "./router.ts";
import { completeRequest, completeResponse } from "./request.ts";
import { completionOf, type CompletionService } from "./service.ts";

const route = createRoute({
  method: "post",
  path: "/complete",
  summary: "Complete the text before the caret",
  security: [{ bearer: [] }],
  request: {
    body: { required: true, content: { "application/json": { schema: completeRequest } } },
  },
  responses: {
    200: {
      description: "What may be shown at the caret; as events where `stream` is true",
      content: {
        "application/json": { schema: completeResponse },
        "text/event-stream": { schema: { type: "string" } },
      },
    },
    ...computeErrors,
  },
});

export function addCompleteRoute(
  app: Router,
  service: CompletionService,
  run: Run,
  store: ContextStore,
): void {
  app.openapi(route, async (c) => {
    const request = c.req.valid("json");
    const facts = c.get("facts");
    facts.model = service.info.name;
    facts.text_characters = request.text.length;
    const context = await contextOf(c, request, service, store);
    const answer = async (
      onGrow?: (index: number, suggestion: Suggestion) => void,
      gone?: AbortSignal,
    ) => {
      const response = await run(
        c,
        request.session,
        ({ scope, ...options }) =>
          service.complete(request, {
            ...options,
            // Of two patients, what was computed for one is never there for the other.
            scope: request.patient === "" ? scope : JSON.stringify([scope, request.patient]),
            onGrow,
            ...(context && { context }),
          }),
        gone,
      );
      facts.completions = response.completions.length;
      facts.computed_tokens = response.usage.computed_tokens;
      return response;
    };
    if (!request.stream) return c.json(await answer(), 200);
    return streamed(c, async (send, gone) => {
      const grow = (index: number, suggestion: Suggestion) =>
        send({ index, ...completionOf(suggestion) }, "suggestion");
      send(await answer(grow, gone), "done");
    });
  });
}
