/**
 * `ingest --public`: texts that describe no patient, to learn the language from before the first
 * note. Each source is a table of its own beside notes.parquet, so that no stage can take one for
 * the other; public.json lists them with their licences.
 */

import { basename, join } from "@std/path";
import type { Workspace } from "../artifacts.ts";
import { lineageOf } from "../artifacts/lineage.ts";
import { readReport, type Report, writeReport } from "../artifacts/reports.ts";
import { exists } from "../lib/base/files.ts";
import { format, nextCommand, UsageError } from "../lib/base/cli.ts";
import type { IngestReport } from "./report.ts";

export interface PublicSource {
  name: string;
  licence: string;
}

/** What the flags say of a public source; undefined where the inputs are notes. */
export function publicSource(
  { public: isPublic, licence, name, patient }: {
    public: boolean;
    licence?: string;
    name?: string;
    patient?: string;
  },
  inputs: readonly string[],
): PublicSource | undefined {
  if (!isPublic) {
    const odd = licence !== undefined ? "--licence" : name !== undefined ? "--name" : undefined;
    if (odd) throw new UsageError(`${odd} is for public texts; add --public or leave it out`);
    return undefined;
  }
  if (patient !== undefined) throw new UsageError("Public texts have no --patient; leave it out");
  if (!licence?.trim()) {
    throw new UsageError(
      'Say under which licence these texts may be used: --licence "CC BY 4.0" (it goes with every ' +
        "model that learns from them)",
    );
  }
  const given = name ?? basename(inputs[0]).replace(/\..*$/, "");
  if (!/^[\w-]+$/.test(given)) {
    throw new UsageError(
      `Cannot call a source "${given}": letters, digits, - and _ only; give --name NAME`,
    );
  }
  return { name: given, licence: licence.trim() };
}

/** Where `ingest` writes a source instead of notes. */
export function publicPaths(paths: Workspace, name: string): Workspace {
  const beside = (suffix: string) => join(paths.root, "interim", "public", `${name}.${suffix}`);
  return {
    ...paths,
    notes: paths.publicTexts(name),
    ingestReport: beside("json"),
    rejects: beside("rejects.jsonl"),
  };
}

/** Lists a source in public.json, in the place of an earlier one of its name. */
export async function addPublicSource(
  paths: Workspace,
  { name, licence }: PublicSource,
  { notes, splits }: IngestReport,
): Promise<void> {
  const earlier: Report<"public">["sources"] = await exists(paths.publicReport)
    ? (await readReport("public", paths.publicReport, "deno task ingest --public")).sources
    : [];
  const source = { name, licence, texts: notes.kept, characters: splits.train.characters };
  const sources = [...earlier.filter((one) => one.name !== name), source]
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const files = sources.map((one) => paths.publicTexts(one.name));
  const lineage = await lineageOf({ paths }, {}, files);
  await writeReport("public", paths.publicReport, { version: 1, lineage, sources });
}

/** What a person wants to know when a source has been added. */
export function publicSummary(
  paths: Workspace,
  { name, licence }: PublicSource,
  { notes, splits: { train }, rejected_by_reason }: IngestReport,
): string {
  const lines = [
    `public source "${name}" (${licence}): ${format(notes.kept)} texts, ` +
    `${format(train.characters)} characters; none is held out, and no audit asks for them`,
    ...Object.entries(rejected_by_reason)
      .map(([reason, count]) => `rejected  ${format(count).padStart(9)}  ${reason}`),
    `\nWrote ${paths.publicTexts(name)} and ${paths.publicReport}`,
    `Next: ${nextCommand("tokenize", { data: paths.root })}`,
  ];
  return lines.join("\n");
}
