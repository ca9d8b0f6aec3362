/** `POST /context`, and the context of a `POST /complete`. */

import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { computeErrors } from "./answers.ts";
import type { RequestVariables } from "./audit.ts";
import { charactersOf, contextRequest, contextResponse } from "./context_request.ts";
import type { ContextStore } from "./context_store.ts";
import { ProblemError } from "./problem.ts";
import type { CompleteRequest } from "./request.ts";
import type { Router } from "./router.ts";
import type { CompletionService, ReadContext } from "./service.ts";

/** Type of the problem on which a client sends its context again. */
export const CONTEXT_UNKNOWN = "urn:nano-med-gpt:problem:context-unknown";

const route = createRoute({
  method: "post",
  path: "/context",
  summary: "Remember what is known of a patient",
  description:
    "Kept in memory for this session of this caller only, until another takes its place, an empty " +
    "list comes, or nobody has asked for it in half an hour. It is not stored or logged.",
  security: [{ bearer: [] }],
  request: {
    body: { required: true, content: { "application/json": { schema: contextRequest } } },
  },
  responses: {
    200: {
      description: "It is remembered",
      content: { "application/json": { schema: contextResponse } },
    },
    ...computeErrors,
  },
});

type RequestContext = Context<{ Variables: RequestVariables }>;

/** The name under which a session's context is remembered. */
const sessionOf = (c: RequestContext, session: string) =>
  JSON.stringify([c.get("caller"), session]);

export function addContextRoute(
  app: Router,
  service: CompletionService,
  store: ContextStore,
): void {
  app.openapi(route, async (c) => {
    const { session, patient, context } = c.req.valid("json");
    const name = sessionOf(c, session), characters = charactersOf(context);
    c.get("facts").context_characters = characters;
    if (context.length === 0) {
      store.forget(name);
      return c.json({ id: "", characters }, 200);
    }
    const { id } = await store.put(name, patient, context, (items) => service.readContext(items));
    return c.json({ id, characters }, 200);
  });
}

/**
 * What `request` says of the patient, or what its session has said before. Throws a 422
 * `ProblemError` where it names no patient, and a 404 of type `CONTEXT_UNKNOWN` where it names a
 * context that is not remembered here.
 */
export async function contextOf(
  c: RequestContext,
  { context, patient, session }: Pick<CompleteRequest, "context" | "patient" | "session">,
  service: CompletionService,
  store: ContextStore,
): Promise<ReadContext | undefined> {
  if (context === undefined) return;
  if (patient === "") {
    throw new ProblemError(422, "patient: a context needs the key of the patient it belongs to");
  }
  const name = sessionOf(c, session);
  if (typeof context !== "string") {
    c.get("facts").context_characters = charactersOf(context);
    if (context.length === 0) return;
    const read = (items: typeof context) => service.readContext(items);
    // Without a session there is nobody to remember it for.
    if (session === "") return await read(context);
    return (await store.put(name, patient, context, (items) => service.readContext(items))).context;
  }
  const known = store.get(name, patient, context);
  if (known !== undefined) return known;
  throw new ProblemError(
    404,
    "This context is not remembered here; send it to POST /context again",
    {},
    CONTEXT_UNKNOWN,
  );
}
