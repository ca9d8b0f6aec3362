/** All measurements of one run. */

import { sha256File, writeJson } from "../artifacts.ts";
import { format, Progress } from "../cli.ts";
import { suggestDefaults } from "../decode/suggest.ts";
import type { Tokenizer } from "../decode/types.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { parameterCount } from "../model/parameters.ts";
import { scorerFromTensors } from "../onnx/scorer.ts";
import { scoreCharacterNgram } from "./baselines.ts";
import { bootstrap } from "../measure/bootstrap.ts";
import type { Document } from "../measure/documents.ts";
import { evidenceOf, fitWeights, mixedBits } from "./fit_mixture.ts";
import {
  bitsPerCharacter,
  type NoteScore,
  type ScoredNote,
  scoreNotes,
} from "../measure/language_model.ts";
import { measureNotes } from "./note_pool.ts";
import {
  definitions,
  type EvalReport,
  keystrokeResult,
  type ModelResult,
  nextWordResult,
} from "./result.ts";
import { bestPoint, percent } from "./summary.ts";
import { openNgram, type Sources, type SystemSpec } from "./systems.ts";
import { passageOf } from "./passage.ts";
import { wordsOf } from "./words.ts";

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
  /** Validation notes on which the mixture is fitted. */
  validation: Document[];
  /** About how many next words to predict. */
  words: number;
  /** Notes that the baselines count; empty leaves them out. */
  train: Document[];
  sources: Sources;
  /** Whether there is an n-gram table to put beside the GPT, and where its weights go. */
  mixture: string | undefined;
}

/** Runs every measurement; progress goes to stderr. */
export async function evaluate(input: EvalInput): Promise<EvalReport> {
  const { checkpoint, train, scored, typed } = input;
  const models = await evaluateOurs(input);
  if (train.length > 0) models.push(...await evaluateBaselines(input));
  const { minConfidence: _, ...suggestions } = suggestDefaults;
  return {
    version: 1,
    created: new Date().toISOString(),
    run: input.run,
    checkpoint: {
      step: checkpoint.state?.step ?? null,
      parameters: parameterCount(checkpoint.config),
    },
    split: input.split,
    notes: {
      scored: scored.length,
      typed: typed.length,
      excerpt: input.excerpt,
      baselines: train.length,
    },
    definitions,
    suggestions,
    models,
  };
}

/** The GPT, and where there is an n-gram table both together and the table alone. */
async function evaluateOurs(input: EvalInput): Promise<ModelResult[]> {
  const scores = await scoreAll(input, "bits", input.scored);
  const gpt = await measure(input, "GPT", true, { kind: "gpt" }, scores);
  if (input.mixture === undefined) return [gpt];
  const { weights, table, mixture } = await fitMixture(input, input.mixture, scores);
  const name = "GPT + n-gram table";
  return [
    gpt,
    await measure(input, name, true, { kind: "mixture", weights }, mixture),
    await measure(input, "n-gram table", false, { kind: "table" }, table),
  ];
}

async function scoreAll(
  { checkpoint: { config, parameters }, tokenizer }: EvalInput,
  label: string,
  documents: readonly Document[],
): Promise<ScoredNote[]> {
  const scorer = await scorerFromTensors(config, parameters);
  const scores = await scoreNotes(
    scorer,
    config.n_positions,
    tokenizer.endOfText,
    documents,
    label,
  );
  await scorer.close();
  return scores;
}

/** Learns the weights on validation notes, writes them to `path`, and scores the test notes. */
async function fitMixture(input: EvalInput, path: string, scores: readonly ScoredNote[]) {
  const { tokenizer: { endOfText }, validation, scored, sources } = input;
  const ngram = await openNgram(sources.ngram);
  const evidence = (documents: readonly Document[], scores: readonly ScoredNote[]) =>
    evidenceOf(ngram, endOfText, documents, scores.map((score) => score.logProbabilities));
  const rescored = (scores: readonly ScoredNote[], documents: readonly Document[]) => {
    const bits = evidence(documents, scores).map((note) => mixedBits(note, weights));
    const with_ = (key: "table" | "mixture"): NoteScore[] =>
      scores.map(({ tokens, characters }, i) => ({ bits: bits[i][key], tokens, characters }));
    return { table: with_("table"), mixture: with_("mixture") };
  };
  const validationScores = await scoreAll(input, "fit", validation);
  const weights = fitWeights(evidence(validation, validationScores), ngram.order);
  const fitted = rescored(validationScores, validation);
  await writeJson(path, {
    version: 1,
    ngram: {
      sha256: await sha256File(sources.ngram),
      order: ngram.order,
      minPatients: ngram.minPatients,
    },
    weights,
    validationBitsPerCharacter: {
      gpt: bitsPerCharacter(validationScores),
      table: bitsPerCharacter(fitted.table),
      mixture: bitsPerCharacter(fitted.mixture),
    },
  });
  return { weights, ...rescored(scores, scored) };
}

async function evaluateBaselines(input: EvalInput): Promise<ModelResult[]> {
  const { train, scored } = input;
  const progress = new Progress("8-gram", train.length, "notes");
  const scores = scoreCharacterNgram(train, scored, (notes) => progress.update(notes));
  progress.finish(
    `characters of ${format(train.length)} notes, ${bitsPerCharacter(scores).toFixed(3)} bits each`,
  );
  const results: ModelResult[] = [{
    name: "Kneser-Ney character 8-gram",
    ours: false,
    bitsPerCharacter: bootstrap(scores, bitsPerCharacter),
    nextWord: null,
    keystrokes: null,
  }];
  const names = { 1: "word unigram", 2: "Kneser-Ney word bigram", 5: "Kneser-Ney word 5-gram" };
  for (const [order, name] of Object.entries(names)) {
    results.push(await measure(input, name, false, { kind: "words", order: Number(order) }));
  }
  return results;
}

type SpecWithoutSources = SystemSpec extends infer S
  ? S extends unknown ? Omit<S, "sources"> : never
  : never;

/** Types the notes with one system and predicts their words. */
async function measure(
  { typed, excerpt, words, sources }: EvalInput,
  name: string,
  ours: boolean,
  spec: SpecWithoutSources,
  scores?: readonly NoteScore[],
): Promise<ModelResult> {
  const passages = typed.map(({ text }, index) => passageOf(text, excerpt, index));
  const inside = typed.map(({ text }, index) =>
    text.slice(passages[index].from, passages[index].to)
  );
  const available = inside.reduce((sum, text) => sum + wordsOf(text).length, 0);
  const stride = Math.max(1, Math.round(available / words));
  const characters = inside.reduce((sum, text) => sum + text.length, 0);
  const progress = new Progress("typing", characters, "characters");
  let done = 0;
  const notes = await measureNotes(
    { ...spec, sources } as SystemSpec,
    typed.map(({ text }, index) => ({ text, passage: passages[index], stride })),
    (index) => progress.update(done += inside[index].length, name),
  );
  const result: ModelResult = {
    name,
    ours,
    bitsPerCharacter: scores ? bootstrap(scores, bitsPerCharacter) : null,
    nextWord: nextWordResult(notes),
    keystrokes: keystrokeResult(notes),
  };
  const best = bestPoint(result.keystrokes)!;
  progress.finish(
    `${name}: ${percent(result.nextWord!.top1.value)} of words, ` +
      `${percent(best.savings.value)} of keystrokes at threshold ${best.threshold}`,
  );
  return result;
}
