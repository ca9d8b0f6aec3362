/**
 * Token healing. The caret often stands inside a word, and the tokens of `hypert` are not the first
 * tokens of `hypertension`. So the last word's tokens are taken back, and the model is asked for
 * tokens whose bytes agree with what was typed, over every tokenization worth following.
 */

import type { FeedOptions, NextTokens } from "./prefix_cache.ts";
import { probabilitiesOf } from "./sample.ts";
import { isSpace } from "./words.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Words longer than this are taken back only in part. */
const MAX_HEALED_BYTES = 24;
/** Tokenizations that hold less than this share of the typed text's probability are not followed. */
const MIN_SHARE = 0.01;
/** Most model calls spent on one healing, beside the first. */
const MAX_BRANCHES = 6;

/** A way to go on: tokens after the context whose bytes are the typed ones and then `bytes`. */
export interface Hypothesis {
  tokens: number[];
  /** Byte string past the typed text; may be empty. */
  bytes: string;
  /** Probability given the context and given that it agrees with the typed bytes. */
  probability: number;
}

/**
 * How many of `tokens` to keep. The others are the tail of the last word (with the space before it)
 * from the first token on that a longer token could replace. At least `keep` stay.
 */
export function healingStart(
  tokens: readonly number[],
  vocabulary: Vocabulary,
  keep: number,
): number {
  const tail = tokens.slice(-MAX_HEALED_BYTES).map((token) => vocabulary.bytes[token]).join("");
  const run = Math.min(lastRun(tail), MAX_HEALED_BYTES);
  let start = tokens.length, bytes = 0;
  while (start > keep && bytes < run) bytes += vocabulary.bytes[tokens[--start]].length;
  while (start < tokens.length && !canGrow(tokens.slice(start), vocabulary)) start++;
  return start;
}

/** Bytes in the last run of letters, digits, white space or others, and one space before it. */
function lastRun(text: string): number {
  const kind = (at: number) => {
    const byte = text.charCodeAt(at);
    if (isSpace(byte)) return "space";
    if (byte >= 0x30 && byte <= 0x39) return "digit";
    return byte >= 0x80 || /[A-Za-z]/.test(text[at]) ? "letter" : "other";
  };
  if (text === "") return 0;
  const last = kind(text.length - 1);
  let length = 1;
  while (length < text.length && kind(text.length - 1 - length) === last) length++;
  if (last !== "space" && text[text.length - 1 - length] === " ") length++;
  return length;
}

/** Whether a token longer than the first of `tokens` agrees with their bytes. */
function canGrow(tokens: readonly number[], vocabulary: Vocabulary): boolean {
  const typed = tokens.map((token) => vocabulary.bytes[token]).join("");
  const first = vocabulary.bytes[tokens[0]].length;
  if (vocabulary.prefixesOf(typed).some((token) => vocabulary.bytes[token].length > first)) {
    return true;
  }
  return vocabulary.startingWith(typed).some((token) => vocabulary.bytes[token].length > first);
}

/**
 * The likeliest ways (at most `width`) to go on from `context` so that the bytes start with
 * `typed`, likeliest first. Probabilities are exact up to the tokenizations left out (MIN_SHARE).
 */
export async function heal(
  model: NextTokens,
  vocabulary: Vocabulary,
  context: readonly number[],
  typed: string,
  width: number,
  options: FeedOptions = {},
): Promise<Hypothesis[]> {
  if (typed === "") return [{ tokens: [], bytes: "", probability: 1 }];
  const open = [{ tokens: [] as number[], rest: typed, probability: 1 }];
  const found: Hypothesis[] = [];
  let total = 0;
  for (let branch = 0; open.length > 0 && branch <= MAX_BRANCHES; branch++) {
    open.sort((a, b) => b.probability - a.probability);
    const { tokens, rest, probability } = open.shift()!;
    if (probability < MIN_SHARE * total) break;
    if (context.length + tokens.length >= model.contextLength) continue;
    const next = probabilitiesOf(await model.logitsAfter([...context, ...tokens], options));
    for (const token of vocabulary.startingWith(rest)) {
      total += probability * next[token];
      found.push({
        tokens: [...tokens, token],
        bytes: vocabulary.bytes[token].slice(rest.length),
        probability: probability * next[token],
      });
    }
    for (const token of vocabulary.prefixesOf(rest)) {
      open.push({
        tokens: [...tokens, token],
        rest: rest.slice(vocabulary.bytes[token].length),
        probability: probability * next[token],
      });
    }
  }
  found.sort((a, b) => b.probability - a.probability);
  return found.slice(0, width).map((way) => ({ ...way, probability: way.probability / total }));
}
