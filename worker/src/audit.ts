/**
 * One line of JSON per request: who, when, what was asked of which model, how long it took, how it
 * ended. Lengths and counts only; nothing of a note, not even in the path.
 */

import type { MiddlewareHandler } from "hono";
import type { Caller } from "./auth.ts";

/** What handlers add to the line. */
export interface AuditFacts {
  caller?: Caller;
  model?: string;
  text_characters?: number;
  context_characters?: number;
  completions?: number;
  computed_tokens?: number;
}

/** Variables that requests carry through the middleware. */
export interface RequestVariables {
  caller: Caller;
  facts: AuditFacts;
  /** Set by an answer that goes on after its headers: the line is written when it ends. */
  streamed?: Promise<void>;
}

const outcomes: Record<number, string> = {
  401: "denied",
  403: "denied",
  409: "superseded",
  429: "rate limited",
  499: "abandoned",
};

const outcome = (status: number) =>
  outcomes[status] ?? (status < 400 ? "answered" : status < 500 ? "refused" : "failed");

/** Writes the audit lines through `log`. `paths`: those that may be named. */
export function audit(
  log: (line: string) => void,
  paths: ReadonlySet<string>,
): MiddlewareHandler<{ Variables: RequestVariables }> {
  return async (c, next) => {
    const started = performance.now();
    const requestId = crypto.randomUUID();
    const facts: AuditFacts = {};
    c.set("facts", facts);
    await next();
    c.header("x-request-id", requestId);
    const status = c.res.status;
    const write = () =>
      log(JSON.stringify({
        event: "request",
        time: new Date().toISOString(),
        request_id: requestId,
        method: c.req.method,
        path: paths.has(c.req.path) ? c.req.path : "(other)",
        status,
        outcome: outcome(status),
        ms: Math.round(performance.now() - started),
        ...facts,
      }));
    const streamed = c.get("streamed");
    if (streamed) streamed.finally(write);
    else write();
  };
}
