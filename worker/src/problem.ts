/**
 * Errors as RFC 9457 problem+json, under /v1 in OpenAI's shape. A message names the field and the rule, never what was sent: a
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
  421: "Misdirected Request",
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
  /** OpenAI's name of the error, where it has one. */
  code?: string;
  /** The field that is wrong, where it is one. */
  param?: string;

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

/** 401, with how to send credentials. */
export const unauthorized = (detail: string): ProblemError =>
  new ProblemError(
    401,
    `${detail}; send Authorization: Bearer with an API key or an access token`,
    { "www-authenticate": "Bearer" },
  );

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

/** What OpenAI's clients read of an error. */
export interface OpenAiError {
  error: { message: string; type: string; param: string | null; code: string | null };
}

const openAiTypes: Record<number, [type: string, code: string | null]> = {
  401: ["authentication_error", "invalid_api_key"],
  403: ["permission_error", null],
  429: ["rate_limit_error", "rate_limit_exceeded"],
  499: ["server_error", null],
  500: ["server_error", null],
  503: ["server_error", "overloaded"],
};

/** The JSON of a problem as OpenAI's API has it. */
export function openAiError(
  { status, message, code, param }: ProblemError,
): OpenAiError {
  const [type, usual] = openAiTypes[status] ?? ["invalid_request_error", null];
  return { error: { message, type, param: param ?? null, code: code ?? usual } };
}

/** The paths that OpenAI's clients call. */
export const isOpenAiPath = (path: string): boolean => path.startsWith("/v1/");

/** The answer to a request that failed, in the shape that its caller reads. */
function errorResponse(
  c: Context,
  problem: ProblemError,
  errors?: Problem["errors"],
): Response {
  const { status, message, headers, type } = problem;
  if (!isOpenAiPath(c.req.path)) return problemResponse(status, message, { errors, headers, type });
  return new Response(JSON.stringify(openAiError(problem)), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** 422, with one message per wrong field. */
export function validationProblem(
  c: Context,
  error: z.ZodError,
  fields: readonly string[],
): Response {
  const errors = error.issues.map(closest).map((issue) => ({
    field: issue.path.filter((part) => typeof part === "number" || fields.includes(String(part)))
      .join("."),
    message: issueMessage(issue, fields),
  }));
  const [{ field, message }] = errors;
  const problem = new ProblemError(422, field === "" ? message : `${field}: ${message}`);
  if (field !== "") problem.param = field;
  return errorResponse(c, problem, errors);
}

/** Of a field that may be one thing or another, what is wrong with the one that comes nearest. */
function closest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  const explained = issue.message !== "Invalid input";
  if (issue.code !== "invalid_union" || explained) return issue;
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

export const handleError: ErrorHandler = (error: Error, c: Context) =>
  errorResponse(c, problemOf(error));

export const handleNotFound: NotFoundHandler = (c) =>
  errorResponse(c, new ProblemError(404, "There is nothing at this path; see /docs"));
