/**
 * Access tokens of an identity provider: JWTs are checked against its published keys, opaque ones by
 * asking it (OAuth 2.0 Token Introspection, RFC 7662).
 */

import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import type { JWTPayload, JWTVerifyOptions } from "jose";
import { ProblemError, unauthorized } from "./problem.ts";
import { listOf, type Settings } from "./settings.ts";

/** Asymmetric signatures only: a shared secret would make every verifier an issuer. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
  .concat("ES256", "ES384", "ES512", "EdDSA", "Ed25519");
const CLOCK_TOLERANCE_SECONDS = 30;

type Verify = (token: string) => Promise<string>;

/** Names the subject of a JWT; undefined where `settings` know no keys. */
export function jwtVerifier(settings: Settings, keySet?: JWTVerifyGetKey): Verify | undefined {
  const { OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL, OIDC_SCOPE } = settings;
  if (!OIDC_JWKS_URL) return;
  const keys = keySet ?? createRemoteJWKSet(new URL(OIDC_JWKS_URL));
  const options = {
    issuer: OIDC_ISSUER,
    audience: listOf(OIDC_AUDIENCE),
    algorithms: ALGORITHMS,
    requiredClaims: ["exp", "sub"],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  return async (token) => {
    const payload = await verified(token, keys, options).catch((error) => {
      throw jwtProblem(error);
    });
    requireScope(payload, OIDC_SCOPE);
    return `jwt:${payload.sub}`;
  };
}

/** A token without a key id may be of any key of its kind: each is tried. */
async function verified(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let last: unknown = error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failed) {
        if (!(failed instanceof errors.JWSSignatureVerificationFailed)) throw failed;
        last = failed;
      }
    }
    throw last;
  }
}

/** Answers that are kept, and for how long at most: a token that is revoked is refused soon. */
const MAX_KEPT = 1000, KEPT_MS = 60_000;
const INTROSPECTION_TIMEOUT_MS = 5000;

/** What RFC 7662, section 2.2, has of a token. */
interface Introspection {
  active?: unknown;
  sub?: unknown;
  username?: unknown;
  aud?: unknown;
  iss?: unknown;
  exp?: unknown;
  scope?: unknown;
}

/** Names the subject of any token, by asking; undefined where `settings` say nobody to ask. */
export function introspector(settings: Settings): Verify | undefined {
  const { OIDC_INTROSPECTION_URL: url, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET } = settings;
  if (!url) return;
  const client = [OIDC_CLIENT_ID, OIDC_CLIENT_SECRET].map((part) => encodeURIComponent(part ?? ""));
  const authorization = `Basic ${btoa(client.join(":"))}`;
  const kept = new Map<string, { subject: string; until: number }>();
  return async (token) => {
    const key = await digestOf(token);
    const known = kept.get(key);
    if (known && known.until > Date.now()) return known.subject;
    const answer = await ask(url, authorization, token);
    const subject = subjectOf(answer, settings);
    if (kept.size >= MAX_KEPT) kept.clear();
    const expires = typeof answer.exp === "number" ? answer.exp * 1000 : Infinity;
    kept.set(key, { subject, until: Math.min(expires, Date.now() + KEPT_MS) });
    return subject;
  };
}

async function ask(url: string, authorization: string, token: string): Promise<Introspection> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        authorization,
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ token, token_type_hint: "access_token" }).toString(),
      redirect: "manual",
      signal: AbortSignal.timeout(INTROSPECTION_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`${response.status}`);
    return await response.json();
  } catch {
    throw new ProblemError(503, "The identity provider cannot be asked about the access token", {
      "retry-after": "5",
    });
  }
}

/**
 * The caller that an answer names. It need not name an audience; where it does not, only a scope of
 * ours shows that the token is meant for this worker.
 */
function subjectOf(answer: Introspection, settings: Settings): string {
  const { OIDC_ISSUER, OIDC_AUDIENCE, OIDC_SCOPE } = settings;
  if (answer.active !== true) throw unauthorized("The access token is not active");
  const { iss, exp } = answer, aud = [answer.aud ?? []].flat();
  if (iss !== undefined && iss !== OIDC_ISSUER) {
    throw unauthorized("The access token's iss is not accepted");
  }
  if (typeof exp === "number" && exp + CLOCK_TOLERANCE_SECONDS < Date.now() / 1000) {
    throw unauthorized("The access token has expired");
  }
  const accepted = aud.length === 0
    ? Boolean(OIDC_SCOPE)
    : listOf(OIDC_AUDIENCE).some((audience) => aud.includes(audience));
  if (!accepted) throw unauthorized("The access token's aud is not accepted");
  requireScope(answer as Record<string, unknown>, OIDC_SCOPE);
  const subject = answer.sub ?? answer.username;
  if (typeof subject !== "string" || subject === "") {
    throw unauthorized("The access token names no subject");
  }
  return `token:${subject}`;
}

async function digestOf(token: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return String.fromCharCode(...new Uint8Array(digest));
}

function requireScope(claims: Record<string, unknown>, scope: string | undefined): void {
  if (!scope || scopes(claims).includes(scope)) return;
  throw new ProblemError(403, `The access token lacks the scope ${scope}`);
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
