/**
 * What decoding needs from a model and a tokenizer. Pure: no Deno, no file, no runtime. The same
 * code runs in eval, in `deno task complete` and in the worker.
 */

import type { NumbersPolicy } from "./policy.ts";

/**
 * What keeps a suggestion fit for a chart. Each rule can be switched off, so that eval can show
 * what it costs and what it brings.
 */
export interface Policies {
  /** Least probability that the whole suggestion is right; 0 shows the likeliest, however unlikely. */
  minConfidence: number;
  /** Which of the ends that are sure enough is shown: `bestEnd` in growth.ts, or the longest. */
  length: "gain" | "longest";
  /** Takes back the tokens of the unfinished word; off, the model has to go on from them. */
  heal: boolean;
  /** A suggestion ends where a word ends; off, behind any token. */
  wholeWords: boolean;
  numbers: NumbersPolicy;
  /** Under `numbers: "confident"`, least probability of a word that holds a number or a dose. */
  numberConfidence: number;
  /** The same, where the patient's context has this value for this drug or test. */
  heldNumberConfidence: number;
  /** Most words in a row that a suggestion may copy from the patient's context. */
  maxCopiedWords: number;
  /** Whether a suggestion may go on in the next line. */
  lineBreaks: boolean;
  /** Ends a suggestion at a blank line and before a header. */
  sectionStops: boolean;
  /** Ends a suggestion before it says the same words a second time in a row. */
  loopStops: boolean;
  /** Whether it may hold `___`, which stands for what de-identification removed. Only to measure. */
  placeholders: boolean;
}

/** A language model with a key-value cache. `S` is the cache, opaque to the decoder. */
export interface NextTokenModel<S = unknown> {
  readonly vocabSize: number;
  /** Longest sequence in tokens. */
  readonly contextLength: number;
  /**
   * Feeds `tokens` (at least one) after those already in `state` (from the start if absent).
   * Returns the logits (vocabSize) that follow the last token, and the extended state; the given
   * state stays usable, so that several continuations can branch off it. Longer states that had
   * branched off it before may end: see `isUsable`. `owner` tells whose text it is, where room for
   * texts is shared out: who has taken the most makes room first.
   * Throws a `RangeError` if the total exceeds `contextLength`.
   */
  feed(
    tokens: readonly number[],
    state?: S,
    owner?: string,
  ): Promise<{ logits: Float32Array; state: S }>;
  /** Whether `state` can still be fed; where the model has no such method, every state can. */
  isUsable?(state: S): boolean;
  /** The state as it was after its first `length` tokens (at least one), where the model can tell. */
  truncate?(state: S, length: number): S;
}

export interface Tokenizer {
  readonly vocabSize: number;
  /** The token that starts every document. */
  readonly endOfText: number;
  encode(text: string): number[];
  decode(tokens: readonly number[]): string;
  /** The bytes a token stands for; empty for the end-of-text token. */
  tokenBytes(token: number): Uint8Array;
}
