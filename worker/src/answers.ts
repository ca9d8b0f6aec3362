/** What the routes have in common: documented errors, and answers as a stream of events. */

import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { RequestVariables } from "./audit.ts";
import { eventStream, type Send } from "./event_stream.ts";
import { keepAlive } from "./limits.ts";
import { isOpenAiPath, openAiError, problemBody, problemOf, problemSchema } from "./problem.ts";

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

/** The errors of every route that computes. */
export const computeErrors = {
  400: problem("The body is not JSON"),
  401: problem("Credentials are missing, unknown or expired"),
  403: problem("The credentials lack a scope"),
  404: problem("A context is named that is not remembered here: send it again"),
  409: problem("A newer request of the same session has come"),
  413: problem("The body is too large"),
  415: problem("The body is not declared as JSON"),
  422: problem("A field is missing or wrong"),
  429: problem("Too many requests"),
  503: problem("The model is not loaded, took too long, or nothing authenticates callers"),
};

const openAiSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
}).openapi("OpenAiError");

/** The same errors in OpenAI's shape, for the paths under /v1. */
export const openAiErrors = {
  ...computeErrors,
  ...Object.fromEntries(
    [400, 401, 403, 404, 413, 415, 422, 429, 503].map((status) => [status, {
      description: computeErrors[status as keyof typeof computeErrors]?.description ??
        "There is no such model",
      content: { "application/json": { schema: openAiSchema } },
    }]),
  ),
} as typeof computeErrors;

/** Answers with the events that `run` sends; an error becomes an `error` event. */
export function streamed(
  c: Context<{ Variables: RequestVariables }>,
  run: (send: Send, gone: AbortSignal) => Promise<void>,
): Response {
  const { response, ended } = eventStream(run, (error, send) => {
    const problem = problemOf(error);
    const { status, message, type } = problem;
    if (isOpenAiPath(c.req.path)) send(openAiError(problem));
    else send(problemBody(status, message, { type }), "error");
  });
  c.set("streamed", ended);
  keepAlive(c, ended);
  return response;
}
