/** Everything that is fitted to a trained run, on validation notes alone. */

import type { Workspace } from "../artifacts.ts";
import { type CalibratedSystem, type Calibration, specOf } from "../artifacts/calibration.ts";
import { exists } from "../lib/base/files.ts";
import { bytes } from "../lib/base/cli.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import type { Checkpoint } from "../lib/gpt/model/checkpoint.ts";
import type { Document } from "../lib/gpt/scoring/documents.ts";
import { scoreSets } from "../lib/gpt/scoring/score_sets.ts";
import { measureWithProgress } from "../lib/gpt/typing/note_pool.ts";
import { requestsFor } from "../lib/gpt/typing/requests.ts";
import type { Sources } from "../lib/gpt/typing/systems.ts";
import { thresholds } from "../lib/gpt/typing/thresholds.ts";
import { calibrated, chooseServed } from "./choose.ts";
import { type FitInput, fitMixture } from "./fit_mixture.ts";

/** The worker holds the table in memory, of which it has 128 MB in all. */
const MAX_TABLE_BYTES = 16e6;

export interface CalibrateInput {
  paths: Workspace;
  run: string;
  checkpoint: Pick<Checkpoint, "config" | "parameters"> & { folder: string };
  tokenizer: Tokenizer;
  /** Validation notes that the mixture is fitted on, and those of them that are typed. */
  fitted: Document[];
  typed: Document[];
  /** Characters to type of each note; 0 types all. */
  excerpt: number;
  /** Keys that reading a new suggestion costs. */
  readingCost: number;
  /** Training notes that the word n-grams count; empty leaves them out. */
  train: Document[];
  kernels: Uint8Array<ArrayBuffer>;
  /** What was known of the patients of `fitted`, if anything was. */
  contexts?: FitInput["contexts"];
}

/** Fits mixture, thresholds and choice; writes nothing. Progress goes to stderr. */
export async function calibrate(input: CalibrateInput): Promise<Omit<Calibration, "lineage">> {
  const { paths, run, tokenizer, fitted, excerpt, readingCost } = input;
  const [scores] = await scoreSets(input, [{ label: "validation", documents: fitted }]);
  const { mixture, validation } = await fitMixture({
    ngram: await usableTable(paths.ngram),
    endOfText: tokenizer.endOfText,
    documents: fitted,
    scores,
    tokenizer,
    contexts: input.contexts,
  });
  const systems = await typeSystems(input, mixture);
  return {
    version: 1,
    run,
    mixture,
    validation,
    typing: { notes: input.typed.length, excerpt, readingCost, trainNotes: input.train.length },
    systems,
    served: chooseServed(systems, validation),
  };
}

/** The n-gram table's path if there is one that a worker has room for. */
async function usableTable(path: string): Promise<string | undefined> {
  if (!await exists(path)) return undefined;
  const { size } = await Deno.stat(path);
  if (size <= MAX_TABLE_BYTES) return path;
  console.error(
    `Without the n-gram table: it has ${bytes(size)}, and a worker has room for ` +
      `${bytes(MAX_TABLE_BYTES)}; raise --min-patients of "deno task ngram"`,
  );
}

/** Types the notes with what may be served side by side, then with each word n-gram. */
async function typeSystems(
  { paths, run, checkpoint, typed, excerpt, train, readingCost, kernels }: CalibrateInput,
  mixture: Calibration["mixture"],
): Promise<CalibratedSystem[]> {
  const requests = requestsFor({ typed, excerpt, words: 0, train: [] }, 0);
  const sources: Sources = {
    tokenizer: paths.run(run).tokenizer,
    checkpoint: checkpoint.folder,
    ngram: paths.ngram,
    kernels,
  };
  const notes = train.map(({ text }) => text);
  const type = async (systems: Pick<CalibratedSystem, "name" | "kind" | "order">[]) => {
    const specs = systems.map((system) => specOf(system, mixture, notes));
    const label = systems.map(({ name }) => name).join(", ");
    const results = await measureWithProgress(
      { specs, sources, levels: thresholds },
      requests,
      label,
    );
    return systems.map((system, index) => calibrated(system, results[index], readingCost));
  };
  const systems = await type([
    { name: "GPT", kind: "gpt" },
    { name: "GPT + n-grams", kind: "gpt+mixture" },
    ...mixture.table === null ? [] : [{ name: "n-gram table", kind: "table" } as const],
  ]);
  if (train.length === 0) return systems;
  const names = { 1: "word unigram", 2: "Kneser-Ney word bigram", 5: "Kneser-Ney word 5-gram" };
  for (const [order, name] of Object.entries(names)) {
    systems.push(...await type([{ name, kind: "baseline", order: Number(order) }]));
  }
  return systems;
}
