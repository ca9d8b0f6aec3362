/**
 * What the worker's environment may say: one check for `serve`, `deploy --dry-run` and the worker, so
 * that none of them takes what another would stumble over. Messages quote no secret.
 */

import { parseApiKeys } from "./api_keys.ts";

/** Variables and secrets, all texts: wrangler.jsonc, `wrangler secret`, the settings file. */
export interface Settings {
  /** JSON: `[{ "name": "ehr", "sha256": "<hex of the key's SHA-256>" }]`. A secret. */
  API_KEYS?: string;
  /** `iss` of accepted access tokens. */
  OIDC_ISSUER?: string;
  /** `aud` of accepted access tokens; several by commas. */
  OIDC_AUDIENCE?: string;
  /** Where the issuer publishes its public keys (`jwks_uri`). */
  OIDC_JWKS_URL?: string;
  /** A scope that the token must have, if set. */
  OIDC_SCOPE?: string;
  /** Where opaque tokens are asked about (RFC 7662), and who asks. The last is a secret. */
  OIDC_INTROSPECTION_URL?: string;
  OIDC_CLIENT_ID?: string;
  OIDC_CLIENT_SECRET?: string;
  /** Origins of pages that may call from a browser; several by commas. */
  ALLOWED_ORIGINS?: string;
  /** The worker's client id at the EHR. */
  SMART_CLIENT_ID?: string;
  /** Addresses of the EHR's FHIR and authorization servers; several by commas. */
  SMART_SERVERS?: string;
  /** Host names under which the worker answers; several by commas, all if not set. */
  HOSTS?: string;
  /** Requests per caller and minute where there is no binding that counts. */
  RATE_LIMIT?: string;
  /** "true": everybody is let in. Only for one's own machine; `deno task deploy` refuses it. */
  DEVELOPMENT_NO_AUTH?: string;
}

/** The settings that hold several values, separated by commas. */
export const listSettings = ["OIDC_AUDIENCE", "ALLOWED_ORIGINS", "SMART_SERVERS", "HOSTS"] as const;

/** All names that a settings file may use. */
export const settingNames = [
  "API_KEYS",
  "OIDC_ISSUER",
  "OIDC_AUDIENCE",
  "OIDC_JWKS_URL",
  "OIDC_SCOPE",
  "OIDC_INTROSPECTION_URL",
  "OIDC_CLIENT_ID",
  "OIDC_CLIENT_SECRET",
  "ALLOWED_ORIGINS",
  "SMART_CLIENT_ID",
  "SMART_SERVERS",
  "HOSTS",
] as const satisfies readonly (keyof Settings)[];

/** The entries of a setting that holds several. */
export const listOf = (commaSeparated = ""): string[] =>
  commaSeparated.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");

/** What is wrong with `settings`, one sentence each, by the setting's name. */
export function settingMistakes(settings: Settings): string[] {
  const mistakes: string[] = [];
  const check = (mistake: string | undefined) => void (mistake && mistakes.push(mistake));
  try {
    parseApiKeys(settings.API_KEYS);
  } catch (error) {
    mistakes.push((error as Error).message);
  }
  for (const name of listSettings) check(listMistake(name, settings[name]));
  if (mistakes.length > 0) return mistakes;
  for (const origin of listOf(settings.ALLOWED_ORIGINS)) check(originMistake(origin));
  for (const server of listOf(settings.SMART_SERVERS)) check(urlMistake("SMART_SERVERS", server));
  for (const host of listOf(settings.HOSTS)) check(hostMistake(host));
  const urls = ["OIDC_ISSUER", "OIDC_JWKS_URL", "OIDC_INTROSPECTION_URL"] as const;
  for (const name of urls) {
    if (settings[name]) check(urlMistake(name, settings[name]));
  }
  check(oidcMistake(settings));
  const { RATE_LIMIT } = settings;
  if (RATE_LIMIT !== undefined && !/^[1-9]\d*$/.test(RATE_LIMIT)) {
    mistakes.push(`RATE_LIMIT is "${RATE_LIMIT}", expected requests per minute, at least 1`);
  }
  return mistakes;
}

/** A list in JSON would be taken for one odd name. */
function listMistake(name: string, value: string | undefined): string | undefined {
  if (!value || !/^\s*[[{"]/.test(value)) return;
  return `${name} begins with ${value.trim()[0]}, expected names separated by commas`;
}

/** An origin as browsers send it: lower case, no path, no slash at its end, no usual port. */
function originMistake(given: string): string | undefined {
  const expected = 'expected scheme and host as browsers send them, like "https://ehr.example.org"';
  if (!URL.canParse(given)) return `ALLOWED_ORIGINS has "${given}", ${expected}`;
  const { origin, protocol } = new URL(given);
  if (!["https:", "http:"].includes(protocol)) return `ALLOWED_ORIGINS has "${given}", ${expected}`;
  if (origin === given) return;
  return `ALLOWED_ORIGINS has "${given}", which no browser sends; write "${origin}"`;
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Over plain http only on one's own machine. */
function urlMistake(name: string, given: string): string | undefined {
  const expected = "expected an https:// address";
  if (!URL.canParse(given)) return `${name} has "${given}", ${expected}`;
  const { protocol, hostname, username } = new URL(given);
  const secure = protocol === "https:" || protocol === "http:" && LOOPBACK.test(hostname);
  return secure && username === "" ? undefined : `${name} has "${given}", ${expected}`;
}

function hostMistake(given: string): string | undefined {
  const url = `http://${given}/`;
  if (URL.canParse(url) && new URL(url).hostname === given) return;
  return `HOSTS has "${given}", expected a host name in lower case, without scheme and port`;
}

function oidcMistake(settings: Settings): string | undefined {
  const { OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL, OIDC_INTROSPECTION_URL } = settings;
  const { OIDC_CLIENT_ID, OIDC_CLIENT_SECRET } = settings;
  const keys = OIDC_JWKS_URL || OIDC_INTROSPECTION_URL;
  if (!OIDC_ISSUER && !OIDC_AUDIENCE && !keys) return;
  if (!OIDC_ISSUER || !OIDC_AUDIENCE || !keys) {
    return "Access tokens cannot be checked: set OIDC_ISSUER, OIDC_AUDIENCE and one of OIDC_JWKS_URL " +
      "and OIDC_INTROSPECTION_URL together";
  }
  if (OIDC_INTROSPECTION_URL && !(OIDC_CLIENT_ID && OIDC_CLIENT_SECRET)) {
    return "OIDC_INTROSPECTION_URL is set: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET go with it";
  }
}
