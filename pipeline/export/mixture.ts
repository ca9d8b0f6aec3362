/**
 * Whether an export carries what eval has fitted to stand beside the GPT (decode/mixture.ts): the
 * n-gram table and how far to trust it and the note's own n-grams.
 */

import { join } from "@std/path";
import { type RunPaths } from "../artifacts.ts";
import { ArtifactError, writeAtomic, writeJson } from "../lib/base/files.ts";
import { bytes } from "../lib/base/cli.ts";
import { mix, type MixtureFile } from "../lib/gpt/decode/mixture.ts";
import type { NextTokenModel } from "../lib/gpt/decode/types.ts";
import { type OpenMixture, openMixture } from "../artifacts/mixture.ts";
import type { Measured } from "./evidence.ts";

/** Least share of the validation notes' bits that it must save to be worth its bytes. */
export const MIN_GAIN = 0.01;
/** The worker holds the table in memory, of which it has 128 MB in all. */
const MAX_TABLE_BYTES = 16e6;
/** Below this many patients a phrase of one of them can be read out of the table. */
const MIN_PATIENTS = 2;

/** What the export's report says of the mixture it carries, or why it carries none. */
export type MixtureReport = { leftOut: string } | {
  /** Bits per character of the validation notes, each alone and together. */
  validation: MixtureFile["validation"];
  table: Omit<NonNullable<MixtureFile["table"]>, "weights"> | null;
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
 * The run's mixture if it fits `folder` (the checkpoint), pays and is small enough, else why not.
 * Throws an `ArtifactError` if it would give away phrases of single patients, unless `acceptedRisk`.
 */
export async function chooseMixture(
  run: RunPaths,
  folder: string,
  ngramPath: string,
  acceptedRisk: string | undefined,
): Promise<OpenMixture | { leftOut: string }> {
  const opened = await openMixture(run, folder, ngramPath);
  if (typeof opened === "string") return { leftOut: opened };
  const { file: { table, validation: { gpt, mixture } } } = opened;
  if (!(mixture <= (1 - MIN_GAIN) * gpt)) {
    return {
      leftOut:
        `it does not pay: ${mixture.toFixed(3)} bits per character of the validation notes ` +
        `against ${gpt.toFixed(3)} of the GPT alone`,
    };
  }
  if (table !== null && table.bytes > MAX_TABLE_BYTES) {
    return {
      leftOut: `its n-gram table has ${bytes(table.bytes)}, expected at most ${
        bytes(MAX_TABLE_BYTES)
      }; raise --min-patients of "deno task ngram"`,
    };
  }
  if (table !== null && table.minPatients < MIN_PATIENTS && acceptedRisk === undefined) {
    throw new ArtifactError(
      `Cannot export: phrases of single patients can be read out of ${ngramPath}, which keeps ` +
        `n-grams of ${table.minPatients} patient, expected at least ${MIN_PATIENTS}; run "deno task ` +
        `ngram" and "deno task eval" again, or give --no-mixture or --accept-risk "reason"`,
    );
  }
  return opened;
}

/** What an export says of the mixture it carries; `tokens` of the validation split are timed. */
export async function mixtureReport(
  opened: OpenMixture,
  { systems, tokens, model }: {
    systems: readonly Measured[];
    tokens: Uint16Array;
    model: NextTokenModel;
  },
): Promise<MixtureReport> {
  const { validation, table } = opened.file;
  return {
    validation,
    table: table && {
      sha256: table.sha256,
      bytes: table.bytes,
      order: table.order,
      minPatients: table.minPatients,
    },
    microsecondsPerToken: await measureCosts(model, opened, tokens),
    measured: figuresOf(systems),
  };
}

/** Writes mixture.json and, if there is a table, ngram.bin into the export's `folder`. */
export async function writeMixture(folder: string, { file, table }: OpenMixture): Promise<void> {
  await writeJson(join(folder, "mixture.json"), file);
  if (table !== undefined) await writeAtomic(join(folder, "ngram.bin"), table);
}

/** Tokens that are timed. */
const TIMED = 200;

/** Times one more token, again and again, behind `tokens` of the validation split. */
async function measureCosts(
  model: NextTokenModel,
  { mixture }: OpenMixture,
  tokens: Uint16Array,
): Promise<Costs> {
  const gpt: number[] = [], beside: number[] = [];
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
    beside.push(performance.now() - fed);
  }
  const median = (times: number[]) =>
    Math.round(1000 * times.sort((a, b) => a - b)[times.length >> 1]);
  return { gpt: median(gpt), mixture: median(beside) };
}

/** What eval says of the GPT, the table and both. */
function figuresOf(systems: readonly Measured[]): Figures[] {
  const beside = systems.filter(({ kind }) => kind !== "baseline");
  return beside.map(({ name, bitsPerCharacter, nextWord, keystrokes }) => ({
    name,
    bitsPerCharacter: bitsPerCharacter?.value ?? null,
    nextWord: nextWord?.top1.value ?? null,
    savings: keystrokes?.curve.find(({ threshold }) => threshold === keystrokes.best)
      ?.savings.value ?? null,
  }));
}
