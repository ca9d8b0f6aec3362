/** All measurements of one run, as the object that eval.json holds. */

import { Progress } from "../cli.ts";
import { Decoder } from "../decode/decoder.ts";
import { suggestDefaults, type SuggestOptions } from "../decode/suggest.ts";
import type { Tokenizer } from "../decode/types.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { parameterCount } from "../model/parameters.ts";
import { loadRuntime } from "../onnx/runtime.ts";
import { scorerFromTensors } from "../onnx/scorer.ts";
import { modelFromTensors } from "../onnx/session.ts";
import { bootstrap, type Estimate } from "./bootstrap.ts";
import { scoreCharacterNgram } from "./baselines.ts";
import type { Document } from "./documents.ts";
import { bitsPerCharacter, scoreNotes } from "./language_model.ts";
import { type NextWords, nextWords, type NextWordScores, sumNextWords } from "./next_word.ts";
import { growthOf, thresholds, typeAtThresholds } from "./thresholds.ts";
import { savings, sumTyping, type Typing } from "./typist.ts";
import { WordNgram } from "./word_ngram.ts";
import { leadingWord, type WordClass, wordsOf } from "./words.ts";

export interface EvalInput {
  run: string;
  checkpoint: Pick<Checkpoint, "config" | "parameters" | "endOfText" | "state"> & { name: string };
  tokenizer: Tokenizer;
  split: string;
  /** Notes for bits per character. */
  scored: Document[];
  /** Notes for next words and keystrokes. */
  typed: Document[];
  /** About how many next words to predict. */
  words: number;
  /** Notes that the baselines count; empty leaves them out. */
  train: Document[];
}

/** One threshold of the savings curve. */
export interface CurvePoint {
  threshold: number;
  savings: Estimate;
  /** Share of carets at which something was shown. */
  shownRate: number;
  /** Accepted / shown. */
  acceptance: number;
  /** Code points of an accepted suggestion. */
  acceptedLength: number;
}

export interface NextWordResult {
  words: number;
  top1: Estimate;
  top3: Estimate;
  byClass: Record<WordClass, { words: number; top1: number; top3: number }>;
}

export interface ModelResult {
  name: string;
  /** null where a model cannot give it. */
  bitsPerCharacter: Estimate | null;
  nextWord: NextWordResult | null;
  /** The curve, and the threshold with the highest savings. */
  keystrokes: { curve: CurvePoint[]; best: number } | null;
}

export interface EvalReport {
  version: 1;
  created: string;
  run: string;
  checkpoint: { name: string; step: number | null; parameters: number };
  split: string;
  notes: { scored: number; typed: number; baselines: number };
  definitions: Record<string, string>;
  suggestions: Omit<SuggestOptions, "random" | "signal" | "onGrow" | "minConfidence">;
  models: ModelResult[];
}

const definitions = {
  bitsPerCharacter:
    "sum of -log2 p(token | at least half a context before it) over all tokens of the notes, divided by their Unicode code points; the end-of-text token before a note is not counted",
  nextWord:
    "at a caret where a word (letters, digits, underscores; single - ' . / inside) begins, with the white space before it given: share of words that are the first, or among the first three, of the system's distinct candidates; ___ is never offered and so always counts as missed",
  keystrokes:
    "a note is typed character by character; before each keystroke one suggestion may be shown; if all of it equals the text that follows it is accepted with one key, else one character is typed; savings = 1 - keystrokes / characters",
  threshold: "least confidence at which a suggestion is shown",
  interval: "95% percentile bootstrap over notes, 1000 resamples, fixed seed",
};

const { minConfidence: _, ...suggestions } = suggestDefaults;

/** Words of context that a suggestion's growth may have; the worker's default too. */
const MAX_PIECES = suggestDefaults.maxWords;

/** Runs every measurement; progress goes to stderr. */
export async function evaluate(input: EvalInput): Promise<EvalReport> {
  const { checkpoint, train } = input;
  const models = [await evaluateGpt(input)];
  if (train.length > 0) models.push(...await evaluateBaselines(input));
  return {
    version: 1,
    created: new Date().toISOString(),
    run: input.run,
    checkpoint: {
      name: checkpoint.name,
      step: checkpoint.state?.step ?? null,
      parameters: parameterCount(checkpoint.config),
    },
    split: input.split,
    notes: { scored: input.scored.length, typed: input.typed.length, baselines: train.length },
    definitions,
    suggestions,
    models,
  };
}

async function evaluateGpt(input: EvalInput): Promise<ModelResult> {
  const { checkpoint: { config, parameters, endOfText }, tokenizer, scored } = input;
  const runtime = await loadRuntime();
  const scorer = await scorerFromTensors(config, parameters, { runtime });
  const total = scored.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const progress = new Progress("bits", total, "tokens");
  const scores = await scoreNotes(
    scorer,
    config.n_positions,
    endOfText,
    scored,
    (done) => progress.update(done),
  );
  progress.finish(`${scored.length} notes`);
  await scorer.close();

  const model = await modelFromTensors(config, parameters, runtime);
  const decoder = new Decoder(model, tokenizer);
  const predict: NextWords = async (before) => {
    const found = await decoder.suggest(before, {
      n: 3,
      maxWords: 1,
      minConfidence: 0,
      numbers: "always",
    });
    return found.map(({ text }) => leadingWord(text.trimStart())).filter((word) =>
      word !== undefined
    );
  };
  const nextWord = await measureNextWords("next word", input, predict);
  const keystrokes = await measureKeystrokes(
    "typing",
    input.typed,
    (note) => typeAtThresholds(note, (before) => growthOf(decoder, before, suggestions)),
  );
  await model.close();
  return {
    name: "GPT",
    bitsPerCharacter: bootstrap(scores, bitsPerCharacter),
    nextWord,
    keystrokes,
  };
}

async function evaluateBaselines(input: EvalInput): Promise<ModelResult[]> {
  const { train, scored } = input;
  const progress = new Progress("8-gram", train.length, "notes");
  const scores = scoreCharacterNgram(train, scored, (notes) => progress.update(notes));
  progress.finish(`characters of ${train.length} notes`);
  const results: ModelResult[] = [{
    name: "Kneser-Ney character 8-gram",
    bitsPerCharacter: bootstrap(scores, bitsPerCharacter),
    nextWord: null,
    keystrokes: null,
  }];
  for (const order of [1, 2, 5]) {
    const ngram = new WordNgram(train.map(({ text }) => text), order);
    const predict: NextWords = (before) => Promise.resolve(ngram.nextWords(before, 3));
    const typeNote = (note: string) =>
      typeAtThresholds(
        note,
        (before) => Promise.resolve(ngram.growth(before, thresholds[0], MAX_PIECES)),
      );
    results.push({
      name: order === 1 ? "word unigram" : `Kneser-Ney word ${order === 2 ? "bi" : "5-"}gram`,
      bitsPerCharacter: null,
      nextWord: await measureNextWords(`${order}-gram`, input, predict),
      keystrokes: await measureKeystrokes(`${order}-gram`, input.typed, typeNote),
    });
  }
  return results;
}

async function measureNextWords(
  label: string,
  { typed, words }: EvalInput,
  predict: NextWords,
): Promise<NextWordResult> {
  const available = typed.reduce((sum, { text }) => sum + wordsOf(text).length, 0);
  const stride = Math.max(1, Math.round(available / words));
  const progress = new Progress(label, typed.length, "notes");
  const scores: NextWordScores[] = [];
  for (const document of typed) {
    scores.push(await nextWords(document, stride, predict));
    progress.update(scores.length);
  }
  const share = (key: "top1" | "top3") => (sample: readonly NextWordScores[]) => {
    const sum = sumNextWords(sample, "all");
    return sum.words === 0 ? 0 : sum[key] / sum.words;
  };
  const all = sumNextWords(scores, "all");
  progress.finish(`${format1(all.top1 / all.words)} of ${all.words} words`);
  return {
    words: all.words,
    top1: bootstrap(scores, share("top1")),
    top3: bootstrap(scores, share("top3")),
    byClass: {
      word: sumNextWords(scores, "word"),
      number: sumNextWords(scores, "number"),
      redacted: sumNextWords(scores, "redacted"),
    },
  };
}

async function measureKeystrokes(
  label: string,
  notes: readonly Document[],
  type: (note: string) => Promise<Typing[]>,
): Promise<{ curve: CurvePoint[]; best: number }> {
  const characters = notes.reduce((sum, note) => sum + note.characters, 0);
  const progress = new Progress(label, characters, "characters");
  const typings: Typing[][] = [];
  let done = 0;
  for (const { text, characters } of notes) {
    typings.push(await type(text));
    progress.update(done += characters);
  }
  const curve = thresholds.map((threshold, index): CurvePoint => {
    const column = typings.map((row) => row[index]);
    const { shown, accepted, acceptedCharacters, keystrokes } = sumTyping(column);
    return {
      threshold,
      savings: bootstrap(column, (sample) => savings(sumTyping(sample))),
      shownRate: shown / keystrokes,
      acceptance: shown === 0 ? 0 : accepted / shown,
      acceptedLength: accepted === 0 ? 0 : acceptedCharacters / accepted,
    };
  });
  const best = curve.reduce((a, b) => b.savings.value > a.savings.value ? b : a);
  progress.finish(`${format1(best.savings.value)} saved at threshold ${best.threshold}`);
  return { curve, best: best.threshold };
}

const format1 = (share: number) => `${(100 * share).toFixed(1)}%`;
