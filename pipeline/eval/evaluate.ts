/** All measurements of one run. */

import { createHash } from "node:crypto";
import { join } from "@std/path";
import type { SystemKind } from "../artifacts/reports.ts";
import { sha256File, writeJson } from "../lib/base/files.ts";
import { format, Progress } from "../lib/base/cli.ts";
import { suggestDefaults } from "../lib/gpt/decode/suggest.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import { bootstrap } from "../lib/base/bootstrap.ts";
import type { Document } from "../lib/gpt/scoring/documents.ts";
import { bitsPerCharacter } from "../lib/gpt/scoring/language_model.ts";
import type { Checkpoint } from "../lib/gpt/model/checkpoint.ts";
import { parameterCount } from "../lib/gpt/model/parameters.ts";
import { ablate } from "./measure/ablation.ts";
import { scoreCharacterNgram } from "./measure/baselines.ts";
import { byPosition, bySection, type PieceBits } from "./measure/breakdown.ts";
import { contests } from "./compare/contests.ts";
import { type Engine, measureEngines } from "./measure/engines.ts";
import { examplesOf } from "./measure/examples.ts";
import { countRanks, keystrokeResult, nextWordResult } from "./measure/figures.ts";
import { measureNotes } from "../lib/gpt/typing/note_pool.ts";
import type { Passage } from "../lib/gpt/typing/typist.ts";
import type { NoteRequest, NoteResult } from "../lib/gpt/typing/note_worker.ts";
import { bestPoint, definitions, type EvalReport, type ModelResult } from "./result.ts";
import { learnMixture } from "./learn_mixture.ts";
import { bitsOf, noteScores, scoreSets, splitScore, tokenBits } from "./measure/score.ts";
import { percent } from "./page/summary.ts";
import type { Sources, SystemSpec } from "../lib/gpt/typing/systems.ts";
import { thresholds } from "../lib/gpt/typing/thresholds.ts";
import { requestsFor } from "../lib/gpt/typing/requests.ts";

export interface EvalInput {
  run: string;
  checkpoint: Pick<Checkpoint, "config" | "parameters" | "state">;
  tokenizer: Tokenizer;
  split: string;
  /** Notes for bits per character. */
  scored: Document[];
  /** Notes for next words and keystrokes, and how many characters of each are typed. */
  typed: Document[];
  excerpt: number;
  /** Samples of the other splits, by name. On `val` the mixture is fitted. */
  others: Record<string, Document[]>;
  /** About how many next words to predict. */
  words: number;
  /** Notes that the baselines count and that tell known words; empty leaves the baselines out. */
  train: Document[];
  sources: Sources;
  readingCost: number;
  /** Whether there is an n-gram table. */
  withTable: boolean;
  /** Where what was learned about mixing goes. */
  mixture: string;
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
  const { checkpoint, train, scored, typed, readingCost } = input;
  const requests = requestsFor(input, input.examples ? EXAMPLE_NOTES : 0);
  const language = await scoreOurs(input);
  const ours = await typeWith(input, requests, language.systems);
  const models = ours.map(({ model }) => model);
  if (train.length > 0) models.push(...await evaluateBaselines(input, requests));
  const served = best(ours);
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
      baselines: train.length,
    },
    readingCost,
    definitions,
    suggestions,
    bySplit: language.bySplit,
    mixture: language.mixture && {
      validation: language.mixture.validation,
      tableBytes: language.mixture.table?.bytes ?? 0,
      minPatients: language.mixture.table?.minPatients ?? null,
    },
    models,
    contests: contests(models, readingCost),
    engines: await measureEngines(input, requests, served.model.keystrokes!.best, served.spec),
    ablation: input.ablation ? await ablateServed(input, requests, served) : null,
    examples: input.examples
      ? await examplesOf(
        requests.flatMap(({ text, passage }, note) => {
          const { growths } = served.notes[note];
          return growths ? [{ text, passage, growths }] : [];
        }),
        served.model.keystrokes!.best,
      )
      : null,
  };
}

/** A system to be measured: with its bits if it can give them. */
interface Named {
  name: string;
  ours: boolean;
  spec: SystemSpec;
  pieces: PieceBits[] | null;
}

/** One system's figures, and what it did with each note. */
interface Measured {
  spec: SystemSpec;
  model: ModelResult;
  notes: NoteResult[];
}

/** The GPT alone and with n-grams beside it, and the n-gram table alone, with their bits. */
async function scoreOurs(input: EvalInput) {
  const { scored, others, split, tokenizer } = input;
  const names = Object.keys(others).filter((name) => others[name].length > 0);
  const [scores, ...rest] = await scoreSets(input, [
    { label: split, documents: scored },
    ...names.map((name) => ({ label: name, documents: others[name] })),
  ]);
  const sets = new Map([[split, scores], ...names.map((name, i) => [name, rest[i]] as const)]);
  const bySplit: EvalReport["bySplit"] = Object.fromEntries(
    Array.from(sets, ([name, notes]) => [name, splitScore(notes)]),
  );
  const pieces = (bits: readonly ArrayLike<number>[]) => tokenBits(scored, bits, tokenizer);
  const systems: Named[] = [
    { name: "GPT", ours: true, spec: { kind: "gpt" }, pieces: pieces(bitsOf(scores)) },
  ];
  const val = split === "val" ? scored : others.val, valScores = sets.get("val");
  if (valScores === undefined) return { systems, bySplit, mixture: null };
  const { file, bits } = await learnMixture({
    checkpoint: join(input.sources.checkpoint, "model.safetensors"),
    ngram: input.withTable ? input.sources.ngram : undefined,
    endOfText: tokenizer.endOfText,
    validation: { documents: val, scores: valScores },
  });
  // Of test notes only: what is fitted and measured on the same notes would flatter itself.
  if (split === "test") await writeJson(input.mixture, file);
  const mixed = bits({ documents: scored, scores });
  const mixture = { table: file.table?.weights, note: file.note };
  systems.push({
    name: "GPT + n-grams",
    ours: true,
    spec: { kind: "gpt", mixture },
    pieces: pieces(mixed.mixture),
  });
  if (mixed.table !== null) {
    systems.push({
      name: "n-gram table",
      ours: false,
      spec: { kind: "table" },
      pieces: pieces(mixed.table),
    });
  }
  return { systems, bySplit, mixture: file };
}

async function evaluateBaselines(
  input: EvalInput,
  requests: readonly NoteRequest[],
): Promise<ModelResult[]> {
  const { train, scored } = input;
  const progress = new Progress("8-gram", train.length, "notes");
  const pieces = scoreCharacterNgram(train, scored, (notes) => progress.update(notes));
  const scores = noteScores(pieces);
  progress.finish(
    `characters of ${format(train.length)} notes, ${bitsPerCharacter(scores).toFixed(3)} bits each`,
  );
  const results = [modelResult(
    input,
    {
      name: "Kneser-Ney character 8-gram",
      ours: false,
      spec: { kind: "words", order: 0, notes: [] },
      pieces,
    },
    requests,
    null,
  )];
  const notes = train.map(({ text }) => text);
  const names = { 1: "word unigram", 2: "Kneser-Ney word bigram", 5: "Kneser-Ney word 5-gram" };
  for (const [order, name] of Object.entries(names)) {
    const spec: SystemSpec = { kind: "words", order: Number(order), notes };
    const measured = await typeWith(input, requests, [{ name, ours: false, spec, pieces: null }]);
    results.push(...measured.map(({ model }) => model));
  }
  return results;
}

/** Types the notes with some systems side by side and predicts their words. */
async function typeWith(
  input: EvalInput,
  requests: readonly NoteRequest[],
  systems: readonly Named[],
): Promise<Measured[]> {
  const length = ({ passage }: NoteRequest) => passage.to - passage.from;
  const characters = requests.reduce((sum, request) => sum + length(request), 0);
  const label = systems.map(({ name }) => name).join(", ");
  const progress = new Progress("typing", characters, "characters");
  let done = 0;
  const results = await measureNotes(
    { specs: systems.map(({ spec }) => spec), sources: input.sources, levels: thresholds },
    requests,
    (note) => progress.update(done += length(requests[note]), label),
  );
  progress.finish(`${requests.length} passages with ${label}`);
  return systems.map((system, index) => ({
    spec: system.spec,
    model: modelResult(input, system, requests, results[index]),
    notes: results[index],
  }));
}

function modelResult(
  { readingCost, scored }: EvalInput,
  { name, ours, spec, pieces }: Named,
  requests: readonly NoteRequest[],
  notes: readonly NoteResult[] | null,
): ModelResult {
  const scores = pieces && noteScores(pieces);
  const keystrokes = notes && keystrokeResult(notes, readingCost);
  const at = keystrokes ? thresholds.indexOf(keystrokes.best) : 0;
  return {
    name,
    kind: kindOf(spec),
    ours,
    bitsPerCharacter: scores && bootstrap(scores, bitsPerCharacter),
    bySection: pieces && bySection(pieces),
    byPosition: pieces && byPosition(pieces),
    nextWord: notes && nextWordResult(notes),
    keystrokes,
    perNote: {
      scored: (scores ?? []).map(({ bits, characters }, note) => ({
        note: noteKey(scored[note].text),
        bits,
        characters,
      })),
      typed: (notes ?? []).map(({ words, typings }, note) => {
        const { characters, keystrokes, read } = typings[at].whole;
        const { text, passage } = requests[note];
        return {
          note: noteKey(text, passage),
          ...countRanks(words, 0),
          characters,
          keystrokes,
          read,
        };
      }),
    },
  };
}

/**
 * Names a note without showing it, so that evaluations of different runs can be paired: the first 48
 * bits of the text's SHA-256, and the passage of it that was typed.
 */
function noteKey(text: string, passage?: Passage): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return passage === undefined ? hash : `${hash}:${passage.from}-${passage.to}`;
}

function kindOf(spec: SystemSpec): SystemKind {
  if (spec.kind === "gpt") return spec.mixture ? "gpt+mixture" : "gpt";
  return spec.kind === "table" ? "table" : "baseline";
}

/** Of ours, the one that saves most net of reading. */
const best = (ours: readonly Measured[]): Measured =>
  ours.filter(({ model }) => model.ours).reduce((a, b) => netOf(b.model) > netOf(a.model) ? b : a);
const netOf = ({ keystrokes }: ModelResult) => bestPoint(keystrokes)!.netSavings.value;

async function ablateServed(
  { sources, readingCost }: EvalInput,
  requests: readonly NoteRequest[],
  { spec, model }: Measured,
) {
  const notes = requests.slice(0, ABLATION_NOTES);
  // Once with all rules but the confidence budget, once without the budget.
  const progress = new Progress("rules off", 2 * notes.length, "notes");
  let done = 0;
  const result = await ablate({
    model: model.name,
    base: spec as Extract<SystemSpec, { kind: "gpt" }>,
    sources,
    notes,
    threshold: model.keystrokes!.best,
    readingCost,
    onDone: () => progress.update(++done),
  });
  progress.finish(
    `${result.rows.length - 1} rules, net savings of all ${
      percent(result.rows[0].netSavings.value)
    }`,
  );
  return result;
}
