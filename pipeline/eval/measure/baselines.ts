/**
 * The models that a GPT has to beat, trained on the same notes and measured by the same code:
 * word unigram, bigram and 5-gram for next words and keystrokes, a character 8-gram for bits per
 * character. All are interpolated modified Kneser-Ney.
 */

import { NgramCounts } from "../../lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../lib/gpt/ngram/kneser_ney.ts";
import type { Document } from "../../lib/gpt/scoring/documents.ts";
import type { PieceBits } from "./breakdown.ts";

const CHARACTER_ORDER = 8;
/** Starts every note; code points are shifted to make room for it. */
const START = 0;

/** Bits of each character of `documents` under a character 8-gram of `train`. */
export function scoreCharacterNgram(
  train: readonly Document[],
  documents: readonly Document[],
  onProgress: (notes: number) => void,
): PieceBits[] {
  const symbols = ({ text }: Document) => [
    START,
    ...Array.from(text, (character) => character.codePointAt(0)! + 1),
  ];
  const counts = new NgramCounts(CHARACTER_ORDER);
  train.forEach((document, index) => {
    counts.addSequence(symbols(document), index);
    onProgress(index + 1);
  });
  // Characters never seen in training share the mass of one more symbol.
  const model = new KneserNey(counts, counts.orders[1].size + 1);
  return documents.map((document) => ({
    document,
    bits: model.bits(symbols(document)),
    lengths: new Uint8Array(document.characters).fill(1),
  }));
}
