/**
 * A language model, a table of what many notes say, and what this note has said, as one model:
 *
 *     p(w | c) = λ · p_table(w | c) + (1 − λ) · p_model(w | c),
 *     then adapted to the patient's context (context/weights.ts), then to the note
 *
 * λ depends on what the table knows of the context: how many tokens of it, and how sure it is of
 * what follows. λ and the α of note_ngrams.ts are fitted on validation notes (`deno task calibrate`).
 */

import type { PatientContext } from "./context/context.ts";
import type { Certainty } from "./context/experts.ts";
import { defaultContextWeights } from "./context/default_weights.ts";
import { areContextWeights, type ContextWeights, mixOpinions } from "./context/weights.ts";
import { NgramModel, readNgramTable } from "./ngram.ts";
import { adaptToNote, NOTE_ORDERS, noteFollowers } from "./note_ngrams.ts";
import type { NextTokens } from "./prefix_cache.ts";
import { probabilitiesOf, rememberProbabilities } from "./sample.ts";
import type { NextTokenModel } from "./types.ts";

/** Upper bounds of the classes of the table's largest probability; a last class takes the rest. */
const PEAK_BOUNDS: readonly number[] = [0.15, 0.3, 0.5, 0.7, 0.85, 0.95];
const CLASSES = PEAK_BOUNDS.length + 1;

/** Number of λ for a table of this order. */
export const weightCount = (order: number): number => order * CLASSES;

/** Which λ belongs to what the table knows. */
export function weightIndex(matched: number, peak: number): number {
  const found = PEAK_BOUNDS.findIndex((bound) => peak < bound);
  return matched * CLASSES + (found === -1 ? CLASSES - 1 : found);
}

/** How sure the table is of what follows, by the place of its λ; 1 where there is no table. */
export const certaintyOf = (index: number | undefined): Certainty =>
  index === undefined ? 1 : ([0, 1, 1, 2, 2, 2, 2] as const)[index % CLASSES];

/** What a model is mixed with while it decodes. */
export interface Mixture {
  /** The table, and its λ by `weightIndex`. */
  table?: { ngram: NgramModel; weights: readonly number[] };
  /** α of each order of the note's own n-grams (NOTE_ORDERS of them); absent leaves them out. */
  note?: readonly number[];
  /** λ of what a patient's context says; `defaultContextWeights` if absent. */
  context?: ContextWeights;
}

/** A patient's context, and the keys of the note's text before the caret. */
export interface Grounds {
  context: PatientContext;
  mentioned: readonly string[];
}

/** The fitted numbers of a mixture, as calibration.json holds them. */
export interface MixtureSettings {
  /** λ of the n-gram table by `weightIndex`; null without a table. */
  table: { weights: number[] } | null;
  /** α of the note's own n-grams. */
  note: number[];
  /** λ of a patient's context; the default ones if absent. */
  context?: ContextWeights;
}

/** The mixture that `settings` describe; `table` holds the bytes of the ngram.bin, if there is one. */
export function createMixture(
  { table: fitted, note, context }: MixtureSettings,
  table?: Uint8Array,
): Mixture {
  if (note?.length !== NOTE_ORDERS) {
    throw new TypeError(
      `Cannot mix: calibration.json has ${note?.length} orders of the note's own n-grams, expected ` +
        `${NOTE_ORDERS}; run "deno task calibrate" again`,
    );
  }
  if (context !== undefined && !areContextWeights(context)) {
    throw new TypeError(
      "Cannot mix: calibration.json has weights of a patient's context that do not fit this " +
        'version; run "deno task calibrate" again',
    );
  }
  const own = { note, ...(context && { context }) };
  if (fitted === null) return own;
  if (table === undefined) {
    throw new TypeError(
      `Cannot mix: the n-gram table is missing that calibration.json names; ` +
        `run "deno task ngram" and "deno task calibrate" again`,
    );
  }
  const ngram = new NgramModel(readNgramTable(table));
  return { table: { ngram, weights: fitted.weights }, ...own };
}

/** Throws a `RangeError` if `mixture` is of another vocabulary, or has too few weights. */
export function checkMixture({ table }: Mixture, vocabSize: number): void {
  if (table === undefined) return;
  const { ngram, weights } = table, expected = weightCount(ngram.order);
  if (ngram.vocabSize === vocabSize && weights.length === expected) return;
  throw new RangeError(
    `Cannot mix: the model has ${vocabSize} tokens, the n-gram table ${ngram.vocabSize}; ` +
      `${weights.length} weights, expected ${expected}; ` +
      `run "deno task ngram" and "deno task calibrate" again`,
  );
}

/** Token sequences whose mixture is remembered while the note stays the same. */
const REMEMBERED = 64;

/**
 * `inner` with `mixture` beside it, for carets behind the tokens `note`. The letters of a word are
 * typed one by one behind the same note, and mostly ask for what has been mixed already.
 */
export function mixed(
  inner: NextTokens,
  mixture: Mixture,
  note: ArrayLike<number>,
  grounds?: Grounds,
): NextTokens {
  const known = new Map<string, Float32Array>();
  return {
    contextLength: inner.contextLength,
    async logitsAfter(tokens, options) {
      const alone = await inner.logitsAfter(tokens, options);
      const key = String.fromCharCode(...tokens);
      let logits = known.get(key);
      if (logits === undefined) {
        const probabilities = probabilitiesOf(alone).slice();
        mix(probabilities, mixture, note, tokens, grounds);
        logits = probabilities.map(Math.log);
        rememberProbabilities(logits, probabilities);
        if (known.size >= REMEMBERED) known.clear();
        known.set(key, logits);
      }
      return logits;
    },
  };
}

/** Turns the model's `probabilities` behind `tokens`, in place, into the mixture's. */
export function mix(
  probabilities: Float32Array,
  { table, note: concentrations, context: weights = defaultContextWeights }: Mixture,
  note: ArrayLike<number>,
  tokens: readonly number[],
  grounds?: Grounds,
): void {
  let index: number | undefined;
  if (table !== undefined) {
    const known = table.ngram.predict(tokens);
    index = weightIndex(known.matched, known.peak);
    const weight = table.weights[index];
    for (let id = 0; id < probabilities.length; id++) {
      probabilities[id] = weight * known.probabilities[id] + (1 - weight) * probabilities[id];
    }
  }
  if (grounds !== undefined) {
    const opinions = grounds.context.experts.after(tokens, grounds.mentioned, certaintyOf(index));
    mixOpinions(probabilities, opinions, weights);
  }
  if (concentrations !== undefined) {
    adaptToNote(probabilities, noteFollowers(note, note.length, tokens), concentrations);
  }
}

/** The table alone as a model, to measure what each of the two contributes. */
export function ngramAlone(
  ngram: NgramModel,
  contextLength: number,
): NextTokenModel<readonly number[]> {
  return {
    vocabSize: ngram.vocabSize,
    contextLength,
    feed(tokens, state = []) {
      const all = [...state, ...tokens];
      const logits = ngram.predict(all).probabilities.map(Math.log);
      return Promise.resolve({ logits, state: all });
    },
    truncate: (state, length) => state.slice(0, length),
  };
}
