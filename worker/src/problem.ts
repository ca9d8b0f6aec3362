/**
 * Errors as RFC 9457 problem+json. A message names the field and the rule, never what was sent: a
 * note must not come back in an error, where a client would log it.
 */

import type { Context, ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "@hono/zod-openapi";

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
}).openapi("Problem");

type Problem = z.output<typeof problemSchema>;

const titles: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  499: "Client Closed Request",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** An error that becomes a problem+json answer. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Tells clients apart what they can do about it; "about:blank" where the status says it all. */
  readonly type: string;

  constructor(
    status: number,
    detail: string,
    headers: Record<string, string> = {},
    type = "about:blank",
  ) {
    super(detail);
    this.status = status;
    this.headers = headers;
    this.type = type;
  }
}

/** The JSON of a problem. */
export function problemBody(
  status: number,
  detail: string,
  { errors, type = "about:blank" }: { errors?: Problem["errors"]; type?: string } = {},
): Problem {
  const title = titles[status] ?? "Error";
  return { type, title, status, detail, ...(errors && { errors }) };
}

export function problemResponse(
  status: number,
  detail: string,
  { errors, headers = {}, type }: {
    errors?: Problem["errors"];
    headers?: Record<string, string>;
    type?: string;
  } = {},
): Response {
  return new Response(JSON.stringify(problemBody(status, detail, { errors, type })), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

/** 422, with one message per wrong field. */
export function validationProblem(error: z.ZodError, fields: readonly string[]): Response {
  const errors = error.issues.map(closest).map((issue) => ({
    field: issue.path.filter((part) => typeof part === "number" || fields.includes(String(part)))
      .join("."),
    message: issueMessage(issue, fields),
  }));
  const [{ field, message }] = errors;
  return problemResponse(422, field === "" ? message : `${field}: ${message}`, { errors });
}

/** Of a field that may be one thing or another, what is wrong with the one that comes nearest. */
function closest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const depth = (issues: readonly z.core.$ZodIssue[]) =>
    issues[0]?.code === "invalid_type" && issues[0].path.length === 0 ? -1 : issues[0].path.length;
  const [nearest] = issue.errors.toSorted((a, b) => depth(b) - depth(a));
  return nearest === undefined
    ? issue
    : closest({ ...nearest[0], path: [...issue.path, ...nearest[0].path] });
}

/** Zod's own messages, but for those that would quote what was sent. */
function issueMessage(issue: z.core.$ZodIssue, fields: readonly string[]): string {
  if (issue.code === "unrecognized_keys") {
    return `expected only the fields ${fields.join(", ")}; another was sent`;
  }
  // Those of the schemas themselves say what is expected, and quote nothing.
  if (issue.code === "custom" && !issue.message.startsWith("expected")) return "not accepted";
  return issue.message;
}

/** The problem that `error` is to the caller. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof HTTPException) {
    if (error.status === 400) return new ProblemError(400, "The body is not valid JSON");
    return new ProblemError(error.status, titles[error.status] ?? "Error");
  }
  const name = error instanceof Error ? error.name : "Error";
  if (name === "AbortError") return new ProblemError(499, "The client has gone");
  if (name === "TimeoutError") {
    return new ProblemError(503, "The answer took too long", { "retry-after": "5" });
  }
  // The message may hold anything; the class tells an operator where to look.
  console.log(JSON.stringify({ event: "error", error: name }));
  return new ProblemError(500, "The request could not be completed");
}

export const handleError: ErrorHandler = (error: Error, _c: Context) => {
  const { status, message, headers, type } = problemOf(error);
  return problemResponse(status, message, { headers, type });
};

export const handleNotFound: NotFoundHandler = () =>
  problemResponse(404, "There is nothing at this path; see /docs");
