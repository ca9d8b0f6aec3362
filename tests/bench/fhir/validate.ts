/** Has the server validate what the page wrote: against FHIR R4 itself, and against US Core. */

import { join } from "@std/path";
import type { Json } from "../../helpers/mock_fhir.ts";
import type { Hapi } from "./hapi.ts";

const PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference";

export interface Validation {
  profile: string;
  /** Issues of severity error or fatal, with their place. */
  errors: string[];
  warnings: number;
}

/** Validates `note`; against US Core as well, where `usCore` is the folder of its package. */
export async function validate(hapi: Hapi, note: Json, usCore?: string): Promise<Validation[]> {
  const results = [await validateOnce(hapi, note, "FHIR R4")];
  if (usCore !== undefined) {
    const version = await loadUsCore(hapi, usCore);
    const profiled = { ...note, meta: { ...note.meta, profile: [PROFILE] } };
    const bare = await validateOnce(hapi, { ...profiled, category: undefined }, "");
    // What US Core requires beyond FHIR shows whether its profile is applied at all.
    if (bare.errors.length === 0) throw new Error("The server does not apply the US Core profile");
    results.push(await validateOnce(hapi, profiled, `US Core ${version}`));
  }
  return results;
}

async function validateOnce(hapi: Hapi, note: Json, profile: string): Promise<Validation> {
  const { id: _id, ...created } = note;
  let outcome: Json;
  try {
    outcome = await hapi.call("POST", "DocumentReference/$validate", created);
  } catch (error) {
    return { profile, errors: [(error as Error).message], warnings: 0 };
  }
  const issues: Json[] = outcome.issue ?? [];
  const errors = issues.filter(({ severity }) => /error|fatal/.test(severity))
    .map(({ diagnostics, location }) => `${location?.[0] ?? ""}: ${diagnostics}`);
  return { profile, errors, warnings: issues.filter((it) => it.severity === "warning").length };
}

/** Puts the profile and its categories on the server; returns the profile's version. */
async function loadUsCore(hapi: Hapi, folder: string): Promise<string> {
  const names = ["CodeSystem-us-core-documentreference-category"]
    .concat("ValueSet-us-core-documentreference-category")
    .concat("StructureDefinition-us-core-documentreference");
  const manifest = await Deno.readTextFile(join(folder, "package.json")).catch(() => "{}");
  let { version } = JSON.parse(manifest);
  for (const name of names) {
    const path = join(folder, `${name}.json`);
    let resource: Json;
    try {
      resource = JSON.parse(await Deno.readTextFile(path));
    } catch (error) {
      throw new Error(
        `Cannot read ${path} (${
          (error as Error).message
        }); give --us-core the folder "package" of ` +
          "an unpacked hl7.fhir.us.core package",
      );
    }
    version ??= resource.version;
    await hapi.call("PUT", `${resource.resourceType}/${resource.id}`, resource);
  }
  return version;
}
