/**
 * The mixture (decode/mixture.ts) over whole notes: what each level makes of the probabilities that
 * the level below gave the tokens that were really there. `calibrate` fits the levels on validation
 * notes, `eval` measures what they are worth on others.
 */

import { type Mixture, weightIndex } from "../decode/mixture.ts";
import type { NgramModel } from "../decode/ngram.ts";
import { NOTE_ORDERS, noteFollowers } from "../decode/note_ngrams.ts";
import type { Document } from "./documents.ts";

/** One probability a token, one array a note. */
export type Probabilities = readonly ArrayLike<number>[];

/** What the n-gram table says of each token of a note. */
export interface TableEvidence {
  /** Class of its context: weightIndex. */
  class: Uint16Array;
  /** Its probability. */
  table: Float32Array;
}

/** The table looks at all of the note before a token, from the end-of-text token on. */
export function tableEvidenceOf(
  ngram: NgramModel,
  endOfText: number,
  tokens: Uint16Array,
): TableEvidence {
  const evidence = {
    class: new Uint16Array(tokens.length),
    table: new Float32Array(tokens.length),
  };
  const context = [endOfText];
  tokens.forEach((token, at) => {
    const { probabilities, matched, peak } = ngram.predict(context);
    evidence.class[at] = weightIndex(matched, peak);
    evidence.table[at] = probabilities[token];
    context.push(token);
    if (context.length >= ngram.order) context.shift();
  });
  return evidence;
}

/** The probabilities of a note's tokens under model and table together. */
export function withTable(
  model: ArrayLike<number>,
  { class: classOf, table }: TableEvidence,
  weights: readonly number[],
): Float64Array {
  return Float64Array.from(model, (probability, at) => {
    const weight = weights[classOf[at]];
    return weight * table[at] + (1 - weight) * probability;
  });
}

/** What a note had said before each of its tokens; NOTE_ORDERS entries a token. */
export interface NoteEvidence {
  /** c_n: how often the n tokens before it had occurred. */
  seen: Uint16Array;
  /** c_n(w): how often the token itself followed them. */
  followed: Uint16Array;
}

/** Reads the note as the decoder does, with the caret behind each token in turn. */
export function noteEvidenceOf(tokens: Uint16Array): NoteEvidence {
  const seen = new Uint16Array(tokens.length * NOTE_ORDERS);
  const followed = new Uint16Array(tokens.length * NOTE_ORDERS);
  for (let at = 1; at < tokens.length; at++) {
    const context = tokens.subarray(Math.max(0, at - NOTE_ORDERS), at);
    noteFollowers(tokens, at, context).forEach((followers, n) => {
      seen[at * NOTE_ORDERS + n] = followers.length;
      for (const token of followers) if (token === tokens[at]) followed[at * NOTE_ORDERS + n]++;
    });
  }
  return { seen, followed };
}

/** The probabilities of a note's tokens, adapted to the note. */
export function withNote(
  probabilities: ArrayLike<number>,
  { seen, followed }: NoteEvidence,
  concentrations: readonly number[],
): Float64Array {
  return Float64Array.from(probabilities, (probability, token) => {
    for (let n = 0; n < NOTE_ORDERS; n++) {
      const at = token * NOTE_ORDERS + n, alpha = concentrations[n];
      if (seen[at] === 0) break;
      probability = (followed[at] + alpha * probability) / (seen[at] + alpha);
    }
    return probability;
  });
}

/** −log₂ p of each token of `documents` under `mixture`, given the model's ln p of each. */
export function mixtureBits(
  { table, note }: Mixture,
  endOfText: number,
  documents: readonly Document[],
  logProbabilities: Probabilities,
): Float64Array[] {
  return documents.map(({ tokens }, index) => {
    let probabilities: ArrayLike<number> = Float64Array.from(logProbabilities[index], Math.exp);
    if (table !== undefined) {
      const evidence = tableEvidenceOf(table.ngram, endOfText, tokens);
      probabilities = withTable(probabilities, evidence, table.weights);
    }
    if (note !== undefined) probabilities = withNote(probabilities, noteEvidenceOf(tokens), note);
    return bitsOfProbabilities(probabilities);
  });
}

/** −log₂ p of each token of `documents` under the table alone. */
export const tableBits = (
  ngram: NgramModel,
  endOfText: number,
  documents: readonly Document[],
): Float64Array[] =>
  documents.map(({ tokens }) =>
    bitsOfProbabilities(tableEvidenceOf(ngram, endOfText, tokens).table)
  );

/** −log₂ of each probability. */
export const bitsOfProbabilities = (probabilities: ArrayLike<number>): Float64Array =>
  Float64Array.from(probabilities, (probability) => -Math.log2(probability));
