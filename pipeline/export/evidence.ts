/** What eval found of a run, as far as an export depends on it. */

import { join } from "@std/path";
import type { RunPaths, Workspace } from "../artifacts.ts";
import { isFresh } from "../artifacts/chain.ts";
import { readReport, type Report, type SystemKind } from "../artifacts/reports.ts";

/** A system that eval has measured. */
export type Measured = Report<"eval">["models"][number];

/** What eval has measured of the run as it is now; nothing where it has not. */
export async function measuredSystems(paths: Workspace, run: RunPaths): Promise<Measured[]> {
  if (!await isFresh(paths, "eval", run)) return [];
  return (await readReport("eval", join(run.eval, "eval.json"), "deno task eval")).models;
}

/**
 * The confidence at which what is exported saves most net of reading; undefined where eval has not
 * measured it.
 */
export const bestThreshold = (systems: readonly Measured[], served: SystemKind) =>
  systems.find(({ kind }) => kind === served)?.keystrokes?.best;
