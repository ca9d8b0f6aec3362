/**
 * The licences of the public texts behind a model: recorded by `ingest --public`, carried by tokens,
 * n-gram table, run and export, shown in the model card, and held against its deployment.
 */

import type { RunPaths, Workspace } from "../artifacts.ts";
import { ArtifactError, exists, readJson } from "../lib/base/files.ts";

/** Licences by the names of their sources. */
export type Licences = Record<string, string>;

/**
 * Whether a licence forbids what a hospital does with a model, or says nothing that one could rely
 * on: non-commercial (CC BY-NC), for research or evaluation only, unknown or reserved.
 */
export const isRestricted = (licence: string): boolean =>
  /\bNC\b|non-?\s?commercial|research|academic|evaluation|personal use|unknown|^none$|reserved|proprietary/i
    .test(licence);

/** Of all public texts behind a run's weights and, if it goes with them, behind the n-gram table. */
export async function licencesOf(
  paths: Workspace,
  run: RunPaths,
  { ngram }: { ngram: boolean },
): Promise<Licences> {
  const places = [run.config, ...(ngram ? [paths.ngramReport] : [])];
  const all: Licences = {};
  for (const path of places) {
    if (!await exists(path)) continue;
    const { licences } = await readJson<{ licences?: Licences }>(path, "deno task train");
    Object.assign(all, licences);
  }
  return all;
}

/** Throws an `ArtifactError` if one of `licences` is restricted and nobody has `accepted` that. */
export function requireLicences(licences: Licences, accepted: boolean): void {
  const restricted = Object.entries(licences).filter(([, licence]) => isRestricted(licence));
  if (restricted.length === 0 || accepted) return;
  const list = restricted.map(([name, licence]) => `"${name}" (${licence})`).join(", ");
  throw new ArtifactError(
    `Cannot deploy: the model has learned from public texts that may not be used for everything: ` +
      `${list}; train without them, or give --accept-licence if your use is allowed`,
  );
}
