/** Who may call a worker: the JSON file that `deploy` uploads and `serve --settings` uses. */

import { ArtifactError, exists, readJson } from "../../pipeline/lib/base/files.ts";
import { type EngineName, engines } from "../src/engine.ts";
import { listSettings, settingMistakes, settingNames } from "../src/settings.ts";

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
  const known: readonly string[] = settingNames;
  const wrong = (why: string) => new TypeError(`Cannot use these settings: ${path} ${why}`);
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (name === "DEVELOPMENT_NO_AUTH") {
      throw wrong("sets DEVELOPMENT_NO_AUTH, which lets everybody in; remove it");
    }
    if (!known.includes(name)) {
      throw wrong(`sets ${name}, expected only ENGINE, ${known.join(", ")}`);
    }
    secrets[name] = textOf(name, value, wrong);
  }
  const [mistake] = settingMistakes(secrets);
  if (mistake !== undefined) throw new TypeError(`Cannot use the settings in ${path}: ${mistake}`);
  const keys = JSON.parse(secrets.API_KEYS || "[]");
  if (keys.length === 0 && !secrets.OIDC_ISSUER) {
    throw wrong(
      `has neither API_KEYS nor OIDC_ISSUER, so nobody could call; make a key with "deno task deploy --new-key NAME"`,
    );
  }
  // Secrets of earlier deployments stay: close the door that one of them might have opened.
  return {
    secrets: { ...secrets, DEVELOPMENT_NO_AUTH: "false" },
    engine: engine as EngineName | undefined,
  };
}

/** A setting as the worker's environment has it: a text, of a list its entries by commas. */
function textOf(name: string, value: unknown, wrong: (why: string) => TypeError): string {
  if (typeof value === "string") return value;
  if (name === "API_KEYS") return JSON.stringify(value);
  const isList = listSettings.some((known) => known === name);
  if (isList && Array.isArray(value) && value.every((entry) => typeof entry === "string")) {
    if (value.every((entry) => !entry.includes(","))) return value.join(",");
  }
  throw wrong(
    `sets ${name} to ${kindOf(value)}, expected a text${isList ? " or a list of texts" : ""}`,
  );
}

const kindOf = (value: unknown) =>
  value === null ? "null" : Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
