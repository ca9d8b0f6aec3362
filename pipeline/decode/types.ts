/**
 * What decoding needs from a model and a tokenizer. Pure: no Deno, no file, no runtime. The same
 * code runs in eval, in `deno task complete` and in the worker.
 */

/** A language model with a key-value cache. `S` is the cache, opaque to the decoder. */
export interface NextTokenModel<S = unknown> {
  readonly vocabSize: number;
  /** Longest sequence in tokens. */
  readonly contextLength: number;
  /**
   * Feeds `tokens` (at least one) after those already in `state` (from the start if absent).
   * Returns the logits (vocabSize) that follow the last token, and the extended state; the given
   * state stays usable, so that several continuations can branch off it. Longer states that had
   * branched off it before may end: see `isUsable`.
   * Throws a `RangeError` if the total exceeds `contextLength`.
   */
  feed(tokens: readonly number[], state?: S): Promise<{ logits: Float32Array; state: S }>;
  /** Whether `state` can still be fed; where the model has no such method, every state can. */
  isUsable?(state: S): boolean;
  /** The state as it was after its first `length` tokens (at least one), where the model can tell. */
  truncate?(state: S, length: number): S;
  /** Bytes that `states` hold together, memory they share counted once; bounds what is cached. */
  stateBytes?(states: readonly S[]): number;
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
