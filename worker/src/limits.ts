/** How often, how long, and how many at once. */

import type { Context } from "hono";
import type { RequestVariables } from "./audit.ts";
import { ProblemError } from "./problem.ts";
import type { ComputeOptions } from "./service.ts";

/** Cloudflare's rate limit binding, or the like of it. */
export interface RateLimiter {
  /** Counts a request of the caller `key`; without success he has used up his requests. */
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** Throws a 429 `ProblemError` if `caller` has used up the period's requests. */
export async function requireWithinLimit(
  limiter: RateLimiter | undefined,
  caller: string,
): Promise<void> {
  if (!limiter || (await limiter.limit({ key: caller })).success) return;
  throw new ProblemError(429, "Too many requests; wait before the next", { "retry-after": "10" });
}

/** Counts in this process, for plain Deno: `limit` requests per key in each `periodSeconds`. */
export function localRateLimiter(limit: number, periodSeconds: number): RateLimiter {
  let period = -1;
  const counts = new Map<string, number>();
  return {
    limit({ key }) {
      const now = Math.floor(Date.now() / 1000 / periodSeconds);
      if (now !== period) counts.clear();
      period = now;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return Promise.resolve({ success: count <= limit });
    },
  };
}

/** Longest time that one answer may take: a suggestion, and as many tokens as may be generated. */
const TIME_LIMIT_MS = 10_000;
export const GENERATION_TIME_LIMIT_MS = 60_000;

type RequestContext = Context<{ Variables: RequestVariables }>;

/**
 * Runs `compute` for the request `c` until it is done, or the client goes away (`gone` tells of a
 * stream's), or its time is up, or a newer request of the same caller and session comes.
 */
export type Run = <T>(
  c: RequestContext,
  session: string,
  compute: (options: ComputeOptions) => Promise<T>,
  gone?: AbortSignal,
  timeLimitMs?: number,
) => Promise<T>;

/** A `Run` that knows the sessions of one app. */
export function runner(): Run {
  const running = new Map<string, AbortController>();
  return async (c, session, compute, gone, timeLimitMs = TIME_LIMIT_MS) => {
    const scope = JSON.stringify([c.get("caller"), session]);
    const newer = new AbortController();
    if (session !== "") {
      running.get(scope)?.abort(
        new ProblemError(409, "A newer request of the same session has replaced this one"),
      );
      running.set(scope, newer);
    }
    const signals = [c.req.raw.signal, newer.signal, AbortSignal.timeout(timeLimitMs)];
    if (gone) signals.push(gone);
    try {
      const caller = c.get("caller");
      const result = compute({ scope, caller, signal: AbortSignal.any(signals) });
      // Without it workerd drops the computation of a client that has gone, and its turn at the
      // model would never end.
      keepAlive(c, result);
      return await result;
    } finally {
      if (running.get(scope) === newer) running.delete(scope);
    }
  };
}

/** Lets `promise` end even if the client goes; plain Deno does so anyway. */
export function keepAlive(c: Context, promise: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(promise.catch(() => {}));
  } catch {
    // There is no execution context outside workerd.
  }
}
