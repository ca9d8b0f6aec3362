/**
 * Lineage: what an artifact was made from, by digest.
 *
 * Each stage writes one JSON report with a field `lineage`. It names the files that the stage read
 * and those that it wrote, each with its SHA-256:
 *
 *     "lineage": {
 *       "created": "2026-12-01T03:10:05.120Z",
 *       "from":  { "interim/notes.parquet": "9f2c…" },
 *       "files": { "processed/train.bin": "01ab…", … }
 *     }
 *
 * Names are relative to the workspace, so that it can be moved; files of a run begin with `run/`
 * instead of `runs/NAME/`, so that it can be renamed. A run trained on several token sets lists all
 * of them. chain.ts follows the names from artifact to artifact and says what no longer belongs.
 */

import { join, relative, resolve } from "@std/path";
import { z } from "zod";
import type { RunPaths, Workspace } from "../artifacts.ts";
import { ArtifactError } from "../lib/base/files.ts";
import { Digests } from "../lib/base/digests.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Digests by name. */
export type Sources = Record<string, string>;

export const lineageSchema = z.object({
  /** ISO 8601. */
  created: z.iso.datetime(),
  from: z.record(z.string(), sha256),
  files: z.record(z.string(), sha256),
});

export type Lineage = z.infer<typeof lineageSchema>;

/** Where names are looked up: a workspace, and one of its runs where files of a run are among them. */
export interface Place {
  paths: Workspace;
  run?: RunPaths;
}

const RUN = "run/";

/** The name of the file at `path`; its absolute path where it lies outside the workspace. */
export function nameOf({ paths, run }: Place, path: string): string {
  const inside = (root: string) => {
    const name = relative(root, path);
    return /^\.\.|^\/|^[A-Za-z]:/.test(name) ? undefined : name.replaceAll("\\", "/");
  };
  const inRun = run && inside(run.root);
  return inRun !== undefined ? RUN + inRun : inside(paths.root) ?? resolve(path);
}

/** The inverse of `nameOf`. */
export function pathOf({ paths, run }: Place, name: string): string {
  if (name.startsWith(RUN)) return join(run!.root, name.slice(RUN.length));
  return name.startsWith("/") || /^[A-Za-z]:/.test(name) ? name : join(paths.root, name);
}

const opened = new Map<string, Digests>();

/** Digests of the files of a workspace, remembered while this process runs. */
export function digestsOf({ root }: Workspace): Digests {
  let digests = opened.get(root);
  if (!digests) opened.set(root, digests = new Digests(root));
  return digests;
}

/** Digests of files that are there, by name. */
export async function sourcesOf(place: Place, files: readonly string[]): Promise<Sources> {
  const sources: Sources = {};
  for (const path of files) {
    const digest = await digestsOf(place.paths).of(path);
    if (digest !== undefined) sources[nameOf(place, path)] = digest;
  }
  return sources;
}

/**
 * The lineage of what a stage has made: from `from`, which it took before it read (`openSources`),
 * and consisting of `files`, which are complete now. `at` is where those files are, if they are
 * still to be renamed into place.
 */
export async function lineageOf(
  place: Place,
  from: Sources,
  files: readonly string[] = [],
  at: (path: string) => string = (path) => path,
): Promise<Lineage> {
  const made: Sources = {};
  for (const path of files) {
    const digest = await digestsOf(place.paths).of(at(path));
    if (digest === undefined) throw new ArtifactError(`Cannot find ${at(path)}, just written`);
    made[nameOf(place, path)] = digest;
  }
  return { created: new Date().toISOString(), from, files: made };
}
