/** Bits of whole notes, and sums of them. */

import type { Tokenizer } from "../../lib/gpt/decode/types.ts";
import { bootstrap } from "../../lib/base/bootstrap.ts";
import type { Document } from "../../lib/gpt/scoring/documents.ts";
import {
  bitsPerCharacter,
  type NoteScore,
  type ScoredNote,
} from "../../lib/gpt/scoring/language_model.ts";
import { type PieceBits, tokenLengths } from "./breakdown.ts";
import type { SplitScore } from "../result.ts";

/** Notes as tokens with the bits of each. */
export function tokenBits(
  documents: readonly Document[],
  bits: readonly ArrayLike<number>[],
  tokenizer: Tokenizer,
): PieceBits[] {
  return documents.map((document, note) => ({
    document,
    bits: bits[note],
    lengths: tokenLengths(document.tokens, tokenizer),
  }));
}

/** −log₂ p of each token of each note. */
export const bitsOf = (scores: readonly ScoredNote[]): Float64Array[] =>
  scores.map(({ logProbabilities }) => Float64Array.from(logProbabilities, (ln) => -ln / Math.LN2));

/** Sums of pieces, note by note. */
export const noteScores = (notes: readonly PieceBits[]): NoteScore[] =>
  notes.map(({ document, bits }) => ({
    bits: Array.from(bits).reduce((a, b) => a + b, 0),
    tokens: bits.length,
    characters: document.characters,
  }));

/** Loss and perplexity of one split. */
export function splitScore(scores: readonly NoteScore[]): SplitScore {
  const sum = (key: keyof NoteScore) => scores.reduce((total, score) => total + score[key], 0);
  const nats = (sample: readonly NoteScore[]) => {
    const bits = sample.reduce((total, score) => total + score.bits, 0);
    return bits * Math.LN2 / sample.reduce((total, score) => total + score.tokens, 0);
  };
  const natsPerToken = bootstrap(scores, nats);
  return {
    notes: scores.length,
    tokens: sum("tokens"),
    characters: sum("characters"),
    bitsPerCharacter: bootstrap(scores, bitsPerCharacter),
    natsPerToken,
    perplexity: Math.exp(natsPerToken.value),
  };
}
