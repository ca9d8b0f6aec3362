/**
 * Who is calling: an API key, or an access token of the hospital's identity provider (OpenID
 * Connect, SMART on FHIR), a JWT or an opaque one. With neither configured nobody gets in, unless a
 * development flag says so.
 */

import type { JWTVerifyGetKey } from "jose";
import { findKey, parseApiKeys } from "./api_keys.ts";
import { introspector, jwtVerifier } from "./access_tokens.ts";
import { ProblemError, unauthorized } from "./problem.ts";
import { settingMistakes, type Settings } from "./settings.ts";

export type AuthSettings = Settings;

/** The caller's name for rate limits, remembered texts and the audit line; never a secret. */
export type Caller = string;

/** Throws a `ProblemError` of 401, 403 or 503. */
export type Authenticate = (request: Request) => Promise<Caller>;

/** The check that `settings` describe. Throws a `TypeError` if they are half set or malformed. */
export function authenticator(settings: AuthSettings, keySet?: JWTVerifyGetKey): Authenticate {
  const [mistake] = settingMistakes(settings);
  if (mistake !== undefined) throw new TypeError(mistake);
  const keys = parseApiKeys(settings.API_KEYS);
  const verify = jwtVerifier(settings, keySet), introspect = introspector(settings);
  const open = settings.DEVELOPMENT_NO_AUTH === "true";
  return async (request) => {
    const token = credential(request);
    if (token !== undefined) {
      const known = await findKey(keys, token);
      if (known) return `key:${known.name}`;
      if (verify && token.split(".").length === 3) return await verify(token);
      if (introspect) return await introspect(token);
    }
    if (open) return "development";
    if (keys.length === 0 && !verify && !introspect) {
      throw new ProblemError(503, "No authentication is configured; see worker/README.md");
    }
    throw unauthorized(token === undefined ? "Credentials are missing" : "Credentials are unknown");
  };
}

function credential(request: Request): string | undefined {
  const key = request.headers.get("x-api-key");
  if (key) return key;
  return /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}
