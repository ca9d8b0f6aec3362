/**
 * calibration.json: what `deno task calibrate` has fitted to a run on validation notes, and which
 * system of it is served. An export holds a copy, whose `served` is what its worker runs.
 */

import { join } from "@std/path";
import type { RunPaths, Workspace } from "../artifacts.ts";
import { ArtifactError, exists } from "../lib/base/files.ts";
import { createMixture, type Mixture } from "../lib/gpt/decode/mixture.ts";
import type { SystemSpec } from "../lib/gpt/typing/systems.ts";
import { Chain } from "./chain.ts";
import { readReport, type Report } from "./reports.ts";

export type Calibration = Report<"calibration">;
export type CalibratedSystem = Calibration["systems"][number];
export type FittedMixture = Calibration["mixture"];
export type ValidationBits = Calibration["validation"];

/** A calibration with the mixture it describes and the bytes of its table. */
export interface OpenCalibration {
  file: Calibration;
  mixture: Mixture;
  table: Uint8Array | undefined;
}

/**
 * The calibration of run `name`, with the table that it names. Whether both belong to the run is for
 * `openSources` to say, which is asked first. Throws an `ArtifactError` that names
 * `deno task calibrate` if there is none.
 */
export async function openCalibration(paths: Workspace, name: string): Promise<OpenCalibration> {
  const run = paths.run(name), chain = new Chain({ paths, run });
  const command = chain.command("calibration");
  if (!await exists(run.calibration) && await hasOldMixture(run)) {
    throw new ArtifactError(
      `Cannot find ${run.calibration}: the run has a mixture.json of an older version, in which eval ` +
        `fitted the mixture; run "${command}" first`,
    );
  }
  const file = await readReport("calibration", run.calibration, command);
  if (file.mixture.table !== null && !await exists(paths.ngram)) {
    throw new ArtifactError(
      `Cannot use ${run.calibration}: ${paths.ngram} is missing, which it was fitted with; ` +
        `run "${chain.command("ngram")}" and "${command}" again`,
    );
  }
  const table = file.mixture.table === null ? undefined : await Deno.readFile(paths.ngram);
  return { file, mixture: createMixture(file.mixture, table), table };
}

/** The same, or undefined of a run that was never calibrated. */
export async function openCalibrationIfAny(
  paths: Workspace,
  name: string,
): Promise<OpenCalibration | undefined> {
  const run = paths.run(name);
  if (!await exists(run.calibration) && !await hasOldMixture(run)) return undefined;
  return await openCalibration(paths, name);
}

const hasOldMixture = ({ root }: RunPaths) => exists(join(root, "mixture.json"));

/** What `system` suggests with; word n-grams count `notes`. */
export function specOf(
  { kind, order }: Pick<CalibratedSystem, "kind" | "order">,
  { table, note, context }: FittedMixture,
  notes: readonly string[],
): SystemSpec {
  switch (kind) {
    case "gpt":
      return { kind: "gpt" };
    case "gpt+mixture":
      return { kind: "gpt", mixture: { table: table?.weights, note, context } };
    case "table":
      return { kind: "table" };
    case "baseline":
      return { kind: "words", order: order!, notes };
  }
}
