/** Who may call a worker: the JSON file that `deploy` uploads and `serve --settings` uses. */

import { ArtifactError, exists, readJson } from "../../pipeline/lib/base/files.ts";
import { type EngineName, engines } from "../src/engine.ts";
import { authenticator, type AuthSettings } from "../src/auth.ts";

/** What a settings file says. */
export interface Settings {
  /** Values of the worker's environment. */
  secrets: Record<string, string>;
  /** What it was to be built with, where the file says so. */
  engine?: EngineName;
}

/** Reads settings; throws a `TypeError` unless they let somebody in, and not everybody. */
export async function readSettings(path: string): Promise<Settings> {
  if (!await exists(path)) {
    throw new ArtifactError(
      `Cannot find ${path}; make a key with "deno task deploy --new-key NAME" and put its entry ` +
        `into that file: { "API_KEYS": [entry] }`,
    );
  }
  const { ENGINE: engine, ...given } = await readJson<Record<string, unknown>>(
    path,
    "deno task deploy --new-key NAME",
  );
  if (engine !== undefined && !engines.includes(engine as EngineName)) {
    throw new TypeError(
      `Cannot use these settings: ENGINE in ${path} is ${JSON.stringify(engine)}, expected ${
        engines.join(" or ")
      }`,
    );
  }
  const known = [
    "API_KEYS",
    "OIDC_ISSUER",
    "OIDC_AUDIENCE",
    "OIDC_JWKS_URL",
    "OIDC_SCOPE",
    "ALLOWED_ORIGINS",
    "SMART_CLIENT_ID",
    "SMART_SERVERS",
    "SMART_FORMAT",
    "SMART_CUSTODIAN",
  ];
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (name === "DEVELOPMENT_NO_AUTH") {
      throw new TypeError(
        `Cannot use these settings: ${path} sets DEVELOPMENT_NO_AUTH, which lets everybody in; remove it`,
      );
    }
    if (!known.includes(name)) {
      throw new TypeError(
        `Cannot use these settings: ${path} sets ${name}, expected only ENGINE, ${
          known.join(", ")
        }`,
      );
    }
    secrets[name] = typeof value === "string" ? value : JSON.stringify(value);
  }
  const settings: AuthSettings = secrets;
  authenticator(settings);
  const keys = JSON.parse(settings.API_KEYS || "[]");
  if (keys.length === 0 && !settings.OIDC_ISSUER) {
    throw new TypeError(
      `Cannot use these settings: ${path} has neither API_KEYS nor OIDC_ISSUER, so nobody could call; make a key with "deno task deploy --new-key NAME"`,
    );
  }
  if (settings.OIDC_JWKS_URL && !settings.OIDC_JWKS_URL.startsWith("https://")) {
    throw new TypeError(
      `Cannot use these settings: OIDC_JWKS_URL in ${path} is not an https:// address`,
    );
  }
  // Secrets of earlier deployments stay: close the door that one of them might have opened.
  return {
    secrets: { ...secrets, DEVELOPMENT_NO_AUTH: "false" },
    engine: engine as EngineName | undefined,
  };
}
