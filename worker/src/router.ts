/** What routes are added to. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { SecureHeadersVariables } from "hono/secure-headers";
import type { RequestVariables } from "./audit.ts";

export type Router = OpenAPIHono<{ Variables: RequestVariables & SecureHeadersVariables }>;
