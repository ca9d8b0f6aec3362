/**
 * Who is calling: an API key, or a bearer JWT of the hospital's identity provider (OpenID Connect,
 * SMART on FHIR). With neither configured nobody gets in, unless a development flag says so.
 */

import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import { ProblemError } from "./problem.ts";

export interface AuthSettings {
  /** JSON: `[{ "name": "ehr", "sha256": "<hex of the key's SHA-256>" }]`. A secret. */
  API_KEYS?: string;
  /** `iss` of accepted JWTs. */
  OIDC_ISSUER?: string;
  /** `aud` of accepted JWTs. */
  OIDC_AUDIENCE?: string;
  /** Where the issuer publishes its public keys (`jwks_uri`). */
  OIDC_JWKS_URL?: string;
  /** A scope that the JWT must have, if set. */
  OIDC_SCOPE?: string;
  /** "true": everybody is let in. Only for one's own machine; `deno task deploy` refuses it. */
  DEVELOPMENT_NO_AUTH?: string;
}

/** The caller's name for rate limits, remembered texts and the audit line; never a secret. */
export type Caller = string;

/** Throws a `ProblemError` of 401, 403 or 503. */
export type Authenticate = (request: Request) => Promise<Caller>;

interface ApiKey {
  name: string;
  sha256: Uint8Array;
}

/** Asymmetric signatures only: a shared secret would make every verifier an issuer. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384", "EdDSA"];
const CLOCK_TOLERANCE_SECONDS = 30;

/** The check that `settings` describe. Throws a `TypeError` if they are half set or malformed. */
export function authenticator(settings: AuthSettings, keySet?: JWTVerifyGetKey): Authenticate {
  const keys = parseApiKeys(settings.API_KEYS);
  const verify = jwtVerifier(settings, keySet);
  const open = settings.DEVELOPMENT_NO_AUTH === "true";
  return async (request) => {
    const token = credential(request);
    if (token !== undefined) {
      const known = await findKey(keys, token);
      if (known) return `key:${known.name}`;
      if (verify && token.split(".").length === 3) return await verify(token);
    }
    if (open) return "development";
    if (keys.length === 0 && !verify) {
      throw new ProblemError(503, "No authentication is configured; see worker/README.md");
    }
    throw unauthorized(token === undefined ? "Credentials are missing" : "Credentials are unknown");
  };
}

const unauthorized = (detail: string) =>
  new ProblemError(
    401,
    `${detail}; send Authorization: Bearer with an API key or an access token`,
    { "www-authenticate": "Bearer" },
  );

function credential(request: Request): string | undefined {
  const key = request.headers.get("x-api-key");
  if (key) return key;
  return /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

/** The entries of API_KEYS; throws a `TypeError` that quotes nothing of them. */
export function parseApiKeys(json: string | undefined): ApiKey[] {
  if (json === undefined || json === "") return [];
  const wrong = () =>
    new TypeError(
      'Cannot read API_KEYS: expected JSON like [{"name": "ehr", "sha256": "64 hex digits"}]; make an entry with "deno task deploy --new-key NAME"',
    );
  let entries: unknown;
  try {
    entries = JSON.parse(json);
  } catch {
    throw wrong();
  }
  if (!Array.isArray(entries)) throw wrong();
  return entries.map((entry) => {
    const { name, sha256 } = entry ?? {};
    const valid = typeof name === "string" && name !== "" &&
      typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256);
    if (!valid) throw wrong();
    const bytes = sha256.match(/../g)!.map((hex: string) => parseInt(hex, 16));
    return { name, sha256: Uint8Array.from(bytes) };
  });
}

/** Compares digests, every entry and every byte, so that timing tells nothing about a key. */
async function findKey(keys: readonly ApiKey[], given: string): Promise<ApiKey | undefined> {
  if (keys.length === 0) return;
  const digest = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(given)),
  );
  let found: ApiKey | undefined;
  for (const key of keys) {
    let difference = 0;
    for (let i = 0; i < digest.length; i++) difference |= digest[i] ^ key.sha256[i];
    if (difference === 0) found = key;
  }
  return found;
}

function jwtVerifier(settings: AuthSettings, keySet?: JWTVerifyGetKey) {
  const { OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL, OIDC_SCOPE } = settings;
  if (!OIDC_ISSUER && !OIDC_AUDIENCE && !OIDC_JWKS_URL) return;
  if (!OIDC_ISSUER || !OIDC_AUDIENCE || !OIDC_JWKS_URL) {
    throw new TypeError(
      "Cannot check access tokens: set OIDC_ISSUER, OIDC_AUDIENCE and OIDC_JWKS_URL together",
    );
  }
  const keys = keySet ?? createRemoteJWKSet(new URL(OIDC_JWKS_URL));
  return async (token: string): Promise<Caller> => {
    const { payload } = await jwtVerify(token, keys, {
      issuer: OIDC_ISSUER,
      audience: OIDC_AUDIENCE,
      algorithms: ALGORITHMS,
      requiredClaims: ["exp", "sub"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    }).catch((error) => {
      throw jwtProblem(error);
    });
    if (OIDC_SCOPE && !scopes(payload).includes(OIDC_SCOPE)) {
      throw new ProblemError(403, `The access token lacks the scope ${OIDC_SCOPE}`);
    }
    return `jwt:${payload.sub}`;
  };
}

/** `scope` is a string of words (RFC 8693), `scp` a list (Microsoft) or the same. */
function scopes({ scope, scp }: Record<string, unknown>): string[] {
  const given = scope ?? scp;
  if (Array.isArray(given)) return given.map(String);
  return typeof given === "string" ? given.split(" ") : [];
}

function jwtProblem(error: unknown): ProblemError {
  if (error instanceof errors.JWTExpired) return unauthorized("The access token has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return unauthorized(`The access token's ${error.claim} is not accepted`);
  }
  const notReachable = !(error instanceof errors.JOSEError) ||
    error instanceof errors.JWKSTimeout || error.code === "ERR_JOSE_GENERIC";
  if (notReachable) {
    return new ProblemError(503, "The identity provider's keys cannot be read", {
      "retry-after": "5",
    });
  }
  return unauthorized("The access token is not valid");
}
