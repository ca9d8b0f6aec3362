/**
 * Under which names the worker answers. A page of somebody else's can make its own name point to
 * this machine (DNS rebinding), and is then of the same origin as the worker: unless the worker asks
 * what name it was called by.
 */

import type { MiddlewareHandler } from "hono";
import { ProblemError } from "./problem.ts";

/** The names of one's own machine. */
export const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

/** What probes ask, by whatever address they find the process at; nothing in it is secret. */
const PROBES = ["/healthz", "/readyz"];

/** Refuses (421) requests for a host that is not among `hosts`; an empty list allows every host. */
export function requireHost(hosts: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const { hostname, pathname } = new URL(c.req.url);
    if (hosts.length > 0 && !hosts.includes(hostname) && !PROBES.includes(pathname)) {
      throw new ProblemError(
        421,
        "This worker does not answer under that host name; add it to HOSTS in the settings",
      );
    }
    await next();
  };
}
