// Characters as tokens, and n-gram tables of them as models: what they remember is known.

import { NgramModel } from "../../pipeline/lib/gpt/decode/ngram.ts";
import type { Note } from "../../pipeline/audit/attack.ts";
import type { Tokenizer } from "../../pipeline/lib/gpt/decode/types.ts";
import { type Document, documentsOf } from "../../pipeline/lib/gpt/scoring/documents.ts";
import { NgramCounts } from "../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable } from "../../pipeline/lib/gpt/ngram/table.ts";
import type { Scorer } from "../../pipeline/lib/gpt/onnx/scorer.ts";

export const ORDER = 12;

/** ASCII; token 0 starts a note. */
export const tokenizer: Tokenizer = {
  vocabSize: 128,
  endOfText: 0,
  encode: (text) => Array.from(text, (character) => character.charCodeAt(0) & 127),
  decode: (tokens) => String.fromCharCode(...tokens),
  tokenBytes: (token) => token === 0 ? new Uint8Array() : Uint8Array.of(token),
};

export const documents = (texts: readonly string[]): Document[] =>
  documentsOf(
    Uint16Array.from(texts.flatMap((text) => [0, ...tokenizer.encode(text)])),
    tokenizer,
  );

/** The same, each of a patient of its own. */
export const notesOf = (texts: readonly string[]): Note[] =>
  documents(texts).map((note, index) => ({ ...note, patient: `${index}` }));

/**
 * A table of `notes`, each of a patient of its own, without what fewer than `minPatients` share.
 * They are read nine times, as in overtraining: Kneser-Ney hardly trusts what it has seen once.
 */
export function tableOf(notes: readonly Document[], minPatients: number): NgramModel {
  const counts = new NgramCounts(ORDER);
  for (const [index, { tokens }] of notes.entries()) {
    for (let reading = 0; reading < 9; reading++) counts.addSequence([0, ...tokens], index);
  }
  const smoothed = new KneserNey(counts, tokenizer.vocabSize);
  return new NgramModel(pruneToTable(smoothed, 0, minPatients));
}

/** Probabilities of whole sequences under a table. */
export const scorerOf = (ngram: NgramModel): Scorer => ({
  score(inputs, targets, length) {
    const logProbabilities = Float32Array.from(targets, (target, at) => {
      const row = inputs.subarray(at - at % length, at + 1);
      return Math.log(ngram.predict([...row.slice(-ORDER)]).probabilities[target]);
    });
    return Promise.resolve({
      logProbabilities,
    });
  },
  close: () => Promise.resolve(),
});
