/** All measurements of one run. Nothing is fitted here: see `deno task calibrate`. */

import { join } from "@std/path";
import { type OpenCalibration, specOf } from "../artifacts/calibration.ts";
import { sha256File } from "../lib/base/files.ts";
import { format, Progress } from "../lib/base/cli.ts";
import { suggestDefaults } from "../lib/gpt/decode/suggest.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import type { Checkpoint } from "../lib/gpt/model/checkpoint.ts";
import { parameterCount } from "../lib/gpt/model/parameters.ts";
import type { Document } from "../lib/gpt/scoring/documents.ts";
import { bitsPerCharacter } from "../lib/gpt/scoring/language_model.ts";
import { mixtureBits, tableBits } from "../lib/gpt/scoring/mixture_levels.ts";
import { scoreSets } from "../lib/gpt/scoring/score_sets.ts";
import { measureWithProgress } from "../lib/gpt/typing/note_pool.ts";
import type { NoteRequest } from "../lib/gpt/typing/note_worker.ts";
import { requestsFor } from "../lib/gpt/typing/requests.ts";
import type { Sources, SystemSpec } from "../lib/gpt/typing/systems.ts";
import { thresholds } from "../lib/gpt/typing/thresholds.ts";
import { placeholderCharacters } from "../lib/gpt/typing/typist.ts";
import { contests } from "./compare/contests.ts";
import { ablate } from "./measure/ablation.ts";
import { scoreCharacterNgram } from "./measure/baselines.ts";
import type { PieceBits } from "./measure/breakdown.ts";
import { type Engine, measureEngines } from "./measure/engines.ts";
import { examplesOf } from "./measure/examples.ts";
import { type Counted, type Measured, modelResult } from "./measure/model_result.ts";
import { nearCopies, nearCopyDefinition } from "./measure/near_copies.ts";
import { bitsOf, noteScores, splitScore, tokenBits } from "./measure/score.ts";
import { percent } from "../lib/base/format.ts";
import { definitions, type EvalReport, type Figures, type NearCopies } from "./result.ts";

export interface EvalInput {
  run: string;
  checkpoint: Pick<Checkpoint, "config" | "parameters" | "state">;
  tokenizer: Tokenizer;
  split: string;
  /** What was fitted on validation notes: systems, thresholds, mixture. */
  calibration: OpenCalibration;
  /** Notes for bits per character. */
  scored: Document[];
  /** Notes for next words and keystrokes, and how many characters of each are typed. */
  typed: Document[];
  excerpt: number;
  /** Samples of the other splits, by name. */
  others: Record<string, Document[]>;
  /** About how many next words to predict. */
  words: number;
  /** All training notes; those that the baselines count; empty leaves the baselines out. */
  train: Document[];
  counted: Document[];
  sources: Sources;
  /** Further engines to time. */
  engines: readonly Engine[];
  ablation: boolean;
  /** Whether passages of notes may stand in the report. */
  examples: boolean;
}

/** Notes whose carets are remembered for examples, and on which rules are switched off. */
const EXAMPLE_NOTES = 12;
const ABLATION_NOTES = 20;

/** Runs every measurement; progress goes to stderr. */
export async function evaluate(input: EvalInput): Promise<Omit<EvalReport, "lineage">> {
  const started = performance.now();
  const { checkpoint, scored, typed, calibration: { file } } = input;
  const { typing: { readingCost }, served } = file;
  const requests = requestsFor(
    { ...input, train: input.counted },
    input.examples ? EXAMPLE_NOTES : 0,
  );
  const { bits, bySplit } = await scoreOurs(input);
  const measured = await measureSystems(input, requests, bits);
  const shown = measured.find(({ system }) => system.name === served.system)!;
  const { minConfidence: _, ...suggestions } = suggestDefaults;
  return {
    version: 3,
    created: new Date().toISOString(),
    run: input.run,
    checkpoint: {
      step: checkpoint.state?.step ?? null,
      parameters: parameterCount(checkpoint.config),
      sha256: await sha256File(join(input.sources.checkpoint, "model.safetensors")),
    },
    split: input.split,
    seconds: Math.round((performance.now() - started) / 1000),
    cores: navigator.hardwareConcurrency,
    notes: {
      scored: scored.length,
      typed: typed.length,
      excerpt: input.excerpt,
      baselines: input.counted.length,
    },
    readingCost,
    served,
    placeholders: placeholdersIn(requests),
    definitions,
    suggestions,
    bySplit,
    mixture: {
      validation: file.validation,
      tableBytes: file.mixture.table?.bytes ?? 0,
      minPatients: file.mixture.table?.minPatients ?? null,
    },
    ...figures(measured, readingCost),
    nearCopies: input.split === "train" ? null : withoutCopies(input, measured),
    engines: await measureEngines(
      input,
      requests,
      served.minConfidence,
      specOf(served, file.mixture, []),
    ),
    ablation: input.ablation ? await ablateServed(input, requests) : null,
    examples: input.examples ? await servedExamples(shown, served.minConfidence) : null,
  };
}

function figures(measured: readonly Measured[], readingCost: number, counted?: Counted): Figures {
  const models = measured.map((one) => modelResult(one, readingCost, counted));
  return { models, contests: contests(models, readingCost) };
}

/** Bits of the notes under each system that can give them, by name of the system. */
async function scoreOurs({ calibration, ...input }: EvalInput) {
  const { scored, others, split, tokenizer } = input;
  const { file, mixture } = calibration;
  const names = Object.keys(others).filter((name) => others[name].length > 0);
  const [scores, ...rest] = await scoreSets(input, [
    { label: split, documents: scored },
    ...names.map((name) => ({ label: name, documents: others[name] })),
  ]);
  const sets = [[split, scores] as const, ...names.map((name, i) => [name, rest[i]] as const)];
  const bitsOfKind = {
    "gpt": () => bitsOf(scores),
    "gpt+mixture": () => {
      const nats = scores.map(({ logProbabilities }) => logProbabilities);
      return mixtureBits(mixture, tokenizer.endOfText, scored, nats);
    },
    "table": () => tableBits(mixture.table!.ngram, tokenizer.endOfText, scored),
  };
  const bits = new Map<string, PieceBits[]>();
  for (const { name, kind } of file.systems) {
    if (kind !== "baseline") bits.set(name, tokenBits(scored, bitsOfKind[kind](), tokenizer));
  }
  const bySplit: EvalReport["bySplit"] = Object.fromEntries(
    sets.map(([name, notes]) => [name, splitScore(notes)]),
  );
  return { bits, bySplit };
}

/**
 * What each calibrated system did with the notes: those that decode tokens side by side, then one
 * word n-gram after the other.
 */
async function measureSystems(
  input: EvalInput,
  requests: readonly NoteRequest[],
  bits: ReadonlyMap<string, PieceBits[]>,
): Promise<Measured[]> {
  const { calibration: { file: { systems, mixture } }, counted, sources } = input;
  const texts = counted.map(({ text }) => text);
  const type = async (group: typeof systems): Promise<Measured[]> => {
    const results = await measureWithProgress(
      { specs: group.map((one) => specOf(one, mixture, texts)), sources, levels: thresholds },
      requests,
      group.map(({ name }) => name).join(", "),
    );
    return group.map((system, index) => ({
      system,
      pieces: bits.get(system.name) ?? null,
      typed: requests.map((request, note) => ({ request, result: results[index][note] })),
    }));
  };
  const measured = await type(systems.filter(({ kind }) => kind !== "baseline"));
  if (counted.length === 0) return measured;
  measured.push(characterNgram(input));
  for (const system of systems.filter(({ kind }) => kind === "baseline")) {
    measured.push(...await type([system]));
  }
  return measured;
}

function characterNgram({ counted, scored }: EvalInput): Measured {
  const progress = new Progress("8-gram", counted.length, "notes");
  const pieces = scoreCharacterNgram(counted, scored, (notes) => progress.update(notes));
  progress.finish(
    `characters of ${format(counted.length)} notes, ${
      bitsPerCharacter(noteScores(pieces)).toFixed(3)
    } bits each`,
  );
  const system = { name: "Kneser-Ney character 8-gram", kind: "baseline" } as const;
  return { system, pieces, typed: null };
}

/** Notes that repeat a training note, and all figures without them. */
function withoutCopies(
  { scored, typed, train, calibration: { file } }: EvalInput,
  measured: readonly Measured[],
): NearCopies {
  const notes = [...new Set([...scored, ...typed])];
  const progress = new Progress("near copies", train.length, "training notes");
  const copies = nearCopies(notes, train, (done) => progress.update(done));
  progress.finish(`${copies.size} of ${notes.length} notes repeat a training note`);
  const original = new Set(notes.filter((note) => !copies.has(note)).map(({ text }) => text));
  const kept = (documents: readonly Document[]) =>
    documents.filter(({ text }) => original.has(text)).length;
  const left = { scored: kept(scored), typed: kept(typed) };
  return {
    definition: nearCopyDefinition,
    scored: scored.length - left.scored,
    typed: typed.length - left.typed,
    without: Math.min(left.scored, left.typed) < 2 ? null : {
      ...left,
      ...figures(measured, file.typing.readingCost, (text) => original.has(text)),
    },
  };
}

/** How much of the typed passages de-identification has replaced. */
function placeholdersIn(requests: readonly NoteRequest[]): EvalReport["placeholders"] {
  let all = 0, characters = 0;
  for (const { text, passage } of requests) {
    const own = text.slice(passage.from, passage.to);
    all += own.length;
    characters += placeholderCharacters(own);
  }
  return { characters, share: characters / Math.max(1, all) };
}

const servedExamples = ({ typed }: Measured, minConfidence: number) =>
  examplesOf(
    typed!.flatMap(({ request: { text, passage }, result: { growths } }) =>
      growths ? [{ text, passage, growths }] : []
    ),
    minConfidence,
  );

async function ablateServed(
  { sources, calibration: { file } }: EvalInput,
  requests: readonly NoteRequest[],
) {
  const { served, mixture, typing } = file;
  const notes = requests.slice(0, ABLATION_NOTES);
  // Once with all rules but the confidence budget, once without the budget.
  const progress = new Progress("rules off", 2 * notes.length, "notes");
  let done = 0;
  const result = await ablate({
    model: served.system,
    base: specOf(served, mixture, []) as Extract<SystemSpec, { kind: "gpt" }>,
    sources,
    notes,
    threshold: served.minConfidence,
    readingCost: typing.readingCost,
    onDone: () => progress.update(++done),
  });
  progress.finish(
    `${result.rows.length - 1} rules, net savings of all ${
      percent(result.rows[0].netSavings.value)
    }`,
  );
  return result;
}
