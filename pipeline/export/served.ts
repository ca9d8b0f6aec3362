/**
 * What an export serves: what `deno task calibrate` has chosen for the run, the GPT alone or combined
 * with the n-gram table and the note's own n-grams, and from which confidence.
 */

import { join } from "@std/path";
import type { RunPaths, Workspace } from "../artifacts.ts";
import {
  type Calibration,
  type OpenCalibration,
  openCalibrationIfAny,
} from "../artifacts/calibration.ts";
import { Chain, isFresh } from "../artifacts/chain.ts";
import { readReport, type Report, writeReport } from "../artifacts/reports.ts";
import { ArtifactError, exists, writeAtomic } from "../lib/base/files.ts";
import { mix } from "../lib/gpt/decode/mixture.ts";
import type { NextTokenModel } from "../lib/gpt/decode/types.ts";

/** Below this many patients a phrase of one of them can be read out of the table. */
const MIN_PATIENTS = 2;

/** What an export carries. */
export interface Served {
  /** calibration.json with the system that the export serves; absent from a run without one. */
  file?: Calibration;
  /** The n-grams it serves, or why none. */
  mixture: Pick<OpenCalibration, "mixture" | "table"> | { leftOut: string };
  /** Whose phrases its table holds, where ngram.json says it. */
  counted?: Counted;
}

type Counted = Report<"ngram">["counted"];

/** What the export's report says of the mixture it carries, or why it carries none. */
export type MixtureReport = { leftOut: string } | {
  /** Bits per character of the validation notes, each alone and together. */
  validation: Calibration["validation"];
  table:
    | Omit<NonNullable<Calibration["mixture"]["table"]>, "weights"> & { counted?: Counted }
    | null;
  microsecondsPerToken: Costs;
  /** What eval measured on held-out notes with each. */
  measured: Figures[];
};

/** Medians, on the machine that exported, on one thread. */
export interface Costs {
  /** One more token through the worker's model. */
  gpt: number;
  /** The table and the note, and mixing them in. */
  mixture: number;
}

export interface Figures {
  name: string;
  bitsPerCharacter: number | null;
  nextWord: number | null;
  savings: number | null;
}

/**
 * What the calibration of run `name` says is to be served; the GPT alone where `noMixture`, or where
 * there is no calibration. Throws an `ArtifactError` if its table would give away phrases of single
 * patients, unless `acceptedRisk`.
 */
export async function chooseServed(
  paths: Workspace,
  name: string,
  { noMixture, acceptedRisk }: { noMixture: boolean; acceptedRisk: string | undefined },
): Promise<Served> {
  const opened = await openCalibrationIfAny(paths, name);
  if (opened === undefined) {
    const run = paths.run(name), command = new Chain({ paths, run }).command("calibration");
    return { mixture: { leftOut: `${run.calibration} does not exist; "${command}" fits one` } };
  }
  const { file, mixture, table } = opened;
  if (noMixture) return alone(file, "--no-mixture was given");
  if (file.served.kind === "gpt") return { file, mixture: { leftOut: file.served.why } };
  const { minPatients = Infinity } = file.mixture.table ?? {};
  if (minPatients < MIN_PATIENTS && acceptedRisk === undefined) {
    throw new ArtifactError(
      `Cannot export: phrases of single patients can be read out of ${paths.ngram}, which keeps ` +
        `n-grams of ${minPatients} patient, expected at least ${MIN_PATIENTS}; run "deno task ` +
        `ngram" and "deno task calibrate" again, or give --no-mixture or --accept-risk "reason"`,
    );
  }
  const counted = table && await exists(paths.ngramReport)
    ? (await readReport("ngram", paths.ngramReport, "deno task ngram")).counted
    : undefined;
  return { file, mixture: { mixture, table }, counted };
}

/** The GPT alone, at the confidence that is its own. */
function alone(file: Calibration, why: string): Served {
  const { name, best } = file.systems.find(({ kind }) => kind === "gpt")!;
  const served = { system: name, kind: "gpt", minConfidence: best, why } as const;
  return { file: { ...file, served }, mixture: { leftOut: why } };
}

/** What an export says of the mixture it carries; `tokens` of the validation split are timed. */
export async function mixtureReport(
  { file, mixture, counted }: Served,
  { systems, tokens, model }: {
    systems: readonly Measured[];
    tokens: Uint16Array;
    model: NextTokenModel;
  },
): Promise<MixtureReport> {
  if ("leftOut" in mixture) return mixture;
  const { validation, mixture: { table } } = file!;
  return {
    validation,
    table: table && {
      sha256: table.sha256,
      bytes: table.bytes,
      order: table.order,
      minPatients: table.minPatients,
      ...(counted === undefined ? {} : { counted }),
    },
    microsecondsPerToken: await measureCosts(model, mixture.mixture, tokens),
    measured: figuresOf(systems),
  };
}

/** Writes calibration.json and, if there is a table, ngram.bin into the export's `folder`. */
export async function writeServed(folder: string, { file, mixture }: Served): Promise<void> {
  if (file) await writeReport("calibration", join(folder, "calibration.json"), file);
  if ("table" in mixture && mixture.table) {
    await writeAtomic(join(folder, "ngram.bin"), mixture.table);
  }
}

/** Tokens that are timed. */
const TIMED = 200;

/** Times one more token, again and again, behind `tokens` of the validation split. */
async function measureCosts(
  model: NextTokenModel,
  mixture: OpenCalibration["mixture"],
  tokens: Uint16Array,
): Promise<Costs> {
  const gpt: number[] = [], mixing: number[] = [];
  const count = Math.min(TIMED, model.contextLength, tokens.length);
  const note = tokens.subarray(0, count);
  let state: unknown;
  for (let at = 0; at < count; at++) {
    const started = performance.now();
    state = (await model.feed([tokens[at]], state)).state;
    const fed = performance.now();
    const probabilities = new Float32Array(model.vocabSize);
    mix(probabilities, mixture, note, [...note.subarray(0, at + 1)]);
    probabilities.map(Math.log);
    gpt.push(fed - started);
    mixing.push(performance.now() - fed);
  }
  const median = (times: number[]) =>
    Math.round(1000 * times.sort((a, b) => a - b)[times.length >> 1]);
  return { gpt: median(gpt), mixture: median(mixing) };
}

/** A system that eval has measured. */
export type Measured = Report<"eval">["models"][number];

/** What eval has measured of the run as it is now; nothing where it has not. */
export async function measuredSystems(paths: Workspace, run: RunPaths): Promise<Measured[]> {
  if (!await isFresh(paths, "eval", run)) return [];
  return (await readReport("eval", join(run.eval, "eval.json"), "deno task eval")).models;
}

/** What eval says of the GPT, the table and both. */
const figuresOf = (systems: readonly Measured[]): Figures[] =>
  systems.filter(({ kind }) => kind !== "baseline").map((
    { name, bitsPerCharacter, nextWord, keystrokes },
  ) => ({
    name,
    bitsPerCharacter: bitsPerCharacter?.value ?? null,
    nextWord: nextWord?.top1.value ?? null,
    savings: keystrokes?.curve.find(({ threshold }) => threshold === keystrokes.best)
      ?.savings.value ?? null,
  }));
