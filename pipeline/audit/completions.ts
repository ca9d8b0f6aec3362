/**
 * Completions drawn at carets in real notes, several a caret, at temperature 1: what users of the
 * model would be able to make it say, greedy or not (Carlini et al. 2021). From carets in training
 * notes and, for comparison, in notes of patients it has never seen.
 */

import { generateTokens } from "../lib/gpt/decode/generate.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import type { Document } from "../lib/gpt/scoring/documents.ts";
import { type LongestMatches, longestMatches } from "./longest_match.ts";
import { placeIn, PROMPT_TOKENS } from "./regurgitation.ts";
import { nextTokens, type Writer } from "./writer.ts";

const COMPLETION_TOKENS = 32;
/** Completions drawn at one caret: the reading of the note before it is paid once. */
const PER_PROMPT = 5;

export interface Completions extends LongestMatches {
  completions: number;
  characters: number;
}

/** About `count` completions of prompts from `documents`, the same ones for the same `seed`. */
export async function drawCompletions(
  writer: Writer,
  tokenizer: Tokenizer,
  documents: readonly Document[],
  { count, seed, onDone }: { count: number; seed: number; onDone: (done: number) => void },
): Promise<string[]> {
  const texts: string[] = [];
  const long = documents.filter(({ tokens }) => tokens.length > PROMPT_TOKENS);
  for (let prompt = 0; texts.length < count && long.length > 0; prompt++) {
    const { tokens } = long[prompt % long.length];
    const from = placeIn(prompt, tokens.length - PROMPT_TOKENS);
    const context = [...tokens.subarray(from, from + PROMPT_TOKENS)];
    const next = nextTokens(writer, context);
    for (let draw = 0; draw < PER_PROMPT && texts.length < count; draw++) {
      const options = {
        temperature: 1,
        maxTokens: COMPLETION_TOKENS,
        seed: seed + PER_PROMPT * prompt + draw,
      };
      const written: number[] = [];
      const drawn = generateTokens(next, context, tokenizer.endOfText, options);
      for await (const { token } of drawn) written.push(token);
      texts.push(tokenizer.decode(written));
    }
    onDone(texts.length);
  }
  return texts;
}

/** How much of `texts` stands word for word in the training notes. */
export function compareCompletions(
  texts: readonly string[],
  train: readonly Document[],
): Completions {
  return {
    completions: texts.length,
    characters: texts.reduce((sum, text) => sum + text.length, 0),
    ...longestMatches(texts, train.map(({ text }) => text)),
  };
}
