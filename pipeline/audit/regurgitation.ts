/**
 * Does the model repeat its training notes? It is given the beginning of a passage and writes on
 * greedily; what counts is how far its text agrees, character by character, with the real
 * continuation (Carlini et al. 2021, "Extracting training data from large language models").
 *
 * Clinical notes share boilerplate, so that agreement alone shows nothing. The same is measured on
 * notes that were not trained on: only what goes beyond it is memory. And the same is measured of a
 * plain n-gram of the training notes, which is known to repeat what it has read.
 */

import { generateTokens } from "../lib/gpt/decode/generate.ts";
import type { NextTokenModel, Tokenizer } from "../lib/gpt/decode/types.ts";
import { ngramAlone } from "../lib/gpt/decode/mixture.ts";
import { NgramModel } from "../lib/gpt/decode/ngram.ts";
import type { Document } from "../lib/gpt/scoring/documents.ts";
import { NgramCounts } from "../lib/gpt/ngram/counts.ts";
import { KneserNey } from "../lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable } from "../lib/gpt/ngram/table.ts";
import { nextTokens, type Writer } from "./writer.ts";

/** Tokens of a passage that the model is shown, and that it writes. */
export const PROMPT_TOKENS = 64;
export const CONTINUATION_TOKENS = 64;

/** Agreement of this many characters is counted as repeated. */
export const REPEATED_CHARACTERS = 50;

export interface Regurgitation {
  prompts: number;
  /** Share of prompts whose continuation agrees for at least REPEATED_CHARACTERS. */
  repeated: number;
  medianCharacters: number;
  longestCharacters: number;
}

/** A place from 0 to `room`; a golden-ratio sequence spreads those of many notes evenly. */
export const placeIn = (index: number, room: number): number =>
  Math.floor((index * 0.6180339887 % 1) * room);

/** Characters with which `a` and `b` begin alike. */
export function commonStart(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

/**
 * The agreement for each of `documents` that is long enough, at one place in each, the same one
 * every time. `onDone` is told how many documents are done.
 */
export async function continuationAgreement(
  writer: Writer,
  tokenizer: Tokenizer,
  documents: readonly Document[],
  onDone: (documents: number) => void,
): Promise<number[]> {
  const agreements: number[] = [];
  for (const [index, { tokens }] of documents.entries()) {
    const room = tokens.length - PROMPT_TOKENS - CONTINUATION_TOKENS;
    if (room >= 0) {
      const from = placeIn(index, room);
      const prompt = tokens.subarray(from, from + PROMPT_TOKENS);
      const real = tokens.subarray(
        from + PROMPT_TOKENS,
        from + PROMPT_TOKENS + CONTINUATION_TOKENS,
      );
      const written = await continueGreedily(writer, tokenizer, prompt);
      agreements.push(commonStart(tokenizer.decode([...real]), tokenizer.decode(written)));
    }
    onDone(index + 1);
  }
  return agreements;
}

async function continueGreedily(
  writer: Writer,
  tokenizer: Tokenizer,
  prompt: ArrayLike<number>,
): Promise<number[]> {
  const context = Array.from(prompt), next = nextTokens(writer, context);
  const written: number[] = [];
  const options = { temperature: 0, maxTokens: CONTINUATION_TOKENS };
  const tokens = generateTokens(next, context, tokenizer.endOfText, options);
  for await (const { token } of tokens) written.push(token);
  return written;
}

export function summarise(agreements: readonly number[]): Regurgitation {
  const sorted = [...agreements].sort((a, b) => a - b);
  const repeated = sorted.filter((characters) => characters >= REPEATED_CHARACTERS).length;
  return {
    prompts: sorted.length,
    repeated: sorted.length === 0 ? 0 : repeated / sorted.length,
    medianCharacters: sorted[sorted.length >> 1] ?? 0,
    longestCharacters: sorted.at(-1) ?? 0,
  };
}

/** Order of the n-gram for comparison, and most tokens that it counts: about 200 MB. */
const NGRAM_ORDER = 5;
const NGRAM_TOKENS = 1_000_000;

/** A token n-gram of the training notes, `members` first, with nothing pruned from it. */
export function ngramOf(
  members: readonly Document[],
  train: readonly Document[],
  { vocabSize, endOfText }: Tokenizer,
  contextLength: number,
): NextTokenModel {
  const counts = new NgramCounts(NGRAM_ORDER);
  const documents = new Set([...members, ...train]);
  let counted = 0, note = 0;
  for (const { tokens } of documents) {
    if (counted > 0 && counted + tokens.length > NGRAM_TOKENS) break;
    counts.addSequence([endOfText, ...tokens], note++);
    counted += tokens.length;
  }
  const table = pruneToTable(new KneserNey(counts, vocabSize), endOfText, 1);
  return ngramAlone(new NgramModel(table), contextLength) as NextTokenModel;
}
