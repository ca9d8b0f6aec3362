/**
 * The plugin and the pages around it: GET /plugin.js, /, /smart/…. They hold no secret and no text,
 * so they may be kept by the browser as long as it asks whether they are still current.
 */

import type { MiddlewareHandler } from "hono";

/** One file that is served as it is. */
export interface PageFile {
  /** Its content type. */
  type: string;
  /** Its text. */
  body: string;
  /** Quoted, as HTTP writes it. */
  etag: string;
}

/** Where the SMART page reads its settings. */
const SMART_CONFIG = "/smart/config.json";

/** What integrators run in their own page. */
const SELF_TEST = "/check.js";

/** By path. */
export type PageFiles = Readonly<Record<string, PageFile>>;

/** What the SMART page needs to know; nothing of it is secret. */
export interface SmartSettings {
  /** As the EHR has registered this worker, as a public client. */
  clientId: string;
  /** Addresses of the FHIR and authorization servers that the page may talk to. */
  servers: readonly string[];
  /** What new notes are written in: text/plain (the default) or application/xhtml+xml. */
  format?: string;
  /** Reference of the organization that keeps the notes, where the encounter does not tell. */
  custodian?: string;
}

export interface PageSettings {
  /** Origins that may load the plugin and show the SMART page in a frame. */
  allowedOrigins: readonly string[];
  smart: SmartSettings;
}

/** Answers for the paths of `files`; everything else goes on. */
export function servePages(files: PageFiles, settings: PageSettings): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.path === SMART_CONFIG && c.req.method === "GET") return c.json(settings.smart);
    const file = Object.hasOwn(files, c.req.path) ? files[c.req.path] : undefined;
    if (!file || !["GET", "HEAD"].includes(c.req.method)) return await next();
    const headers = pageHeaders(file, c.req.path, settings);
    const origin = c.req.header("origin");
    // The self-test has to start on pages that are not allowed yet, to say so.
    const anybody = c.req.path === SELF_TEST;
    if (origin && (anybody || settings.allowedOrigins.includes(origin))) {
      headers["access-control-allow-origin"] = origin;
    }
    // Compared without the mark that proxies add when they compress.
    const known = (c.req.header("if-none-match") ?? "").split(",")
      .some((tag) => tag.trim().replace(/^W\//, "") === file.etag);
    c.res = known
      ? new Response(null, { status: 304, headers })
      : new Response(c.req.method === "HEAD" ? null : file.body, { headers });
  };
}

function pageHeaders(
  { type, etag }: PageFile,
  path: string,
  { allowedOrigins, smart }: PageSettings,
): Record<string, string> {
  const isSmart = path.startsWith("/smart/");
  const servers = smart.servers.map((server) => new URL(server).origin);
  const connect = ["'self'", ...(isSmart ? new Set(servers) : [])].join(" ");
  const frames = isSmart && allowedOrigins.length > 0 ? allowedOrigins.join(" ") : "'none'";
  return {
    "content-type": type,
    etag,
    vary: "origin",
    "cache-control": "no-cache",
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
      `connect-src ${connect}; base-uri 'none'; form-action 'none'; frame-ancestors ${frames}`,
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "strict-transport-security": "max-age=15552000; includeSubDomains",
  };
}
