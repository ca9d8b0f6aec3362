/**
 * Remembers what the model said after recent token sequences. The next keystroke shares nearly all
 * of its tokens with the last, so only the new ones are computed, and mid-word often none at all.
 */

import { makesRoom } from "./shares.ts";
import type { NextTokenModel } from "./types.ts";

interface Entry<S> {
  scope: string;
  /** One UTF-16 unit per token (ids are below 65536), so that prefixes are string prefixes. */
  tokens: string;
  logits: Float32Array;
  state: S;
}

export interface PrefixCacheLimits {
  /** Most sequences remembered; the least recently used of the largest scope goes first. */
  maxEntries?: number;
  /** Awaited before each model call, so that other work gets its turn. */
  pause?: () => Promise<void>;
}

export interface FeedOptions {
  /** Ends the computation between two tokens with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Whose text this is. Sequences are remembered by scope: how fast an answer comes must not tell
   * one person what another has typed.
   */
  scope?: string;
  /** Told how many tokens went through the model; the rest was remembered. */
  onFed?: (tokens: number) => void;
}

/** What decoding asks again and again: the logits (vocabSize) behind some tokens (at least one). */
export interface NextTokens {
  readonly contextLength: number;
  logitsAfter(tokens: readonly number[], options?: FeedOptions): Promise<Float32Array>;
}

export class PrefixCache<S> implements NextTokens {
  readonly #model: NextTokenModel<S>;
  readonly #maxEntries: number;
  readonly #pause: (() => Promise<void>) | undefined;
  /** Resolves when the model call in progress has ended. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Keyed by scope and tokens; Map order is age. */
  readonly #entries = new Map<string, Entry<S>>();

  constructor(
    model: NextTokenModel<S>,
    { maxEntries = 64, pause }: PrefixCacheLimits = {},
  ) {
    this.#model = model;
    this.#maxEntries = maxEntries;
    this.#pause = pause;
  }

  get contextLength(): number {
    return this.#model.contextLength;
  }

  /**
   * Logits (vocabSize) that follow `tokens` (at least one). Calls are answered one after the other,
   * so that a call finds what the ones before it have computed.
   */
  async logitsAfter(
    tokens: readonly number[],
    options: FeedOptions = {},
  ): Promise<Float32Array> {
    options.signal?.throwIfAborted();
    const known = this.#recall(options.scope, tokens);
    if (known !== undefined) return known.logits;
    await this.#pause?.();
    const result = this.#turn.then(() => this.#compute(tokens, options));
    this.#turn = result.catch(() => {});
    return await result;
  }

  async #compute(
    tokens: readonly number[],
    { signal, scope = "", onFed }: FeedOptions,
  ): Promise<Float32Array> {
    signal?.throwIfAborted();
    const known = this.#recall(scope, tokens);
    if (known !== undefined) return known.logits;
    const { length, state } = this.#longestStart(scope, sequenceOf(tokens));
    const fed = await this.#model.feed(tokens.slice(length), state, scope);
    onFed?.(tokens.length - length);
    const key = keyOf(scope, tokens);
    this.#entries.set(key, { scope, tokens: sequenceOf(tokens), ...fed });
    this.#forget(key);
    return fed.logits;
  }

  /** The entry of exactly these tokens, which thereby becomes the newest. */
  #recall(scope = "", tokens: readonly number[] | string): Entry<S> | undefined {
    const key = keyOf(scope, tokens);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /**
   * The state of the longest start of `sequence` that is shorter than it: a remembered sequence, or
   * the part that one has in common with it, where the model can truncate.
   */
  #longestStart(scope: string, sequence: string): { length: number; state?: S } {
    let best: { length: number; entry?: Entry<S> } = { length: 0 };
    for (const entry of this.#entries.values()) {
      if (entry.scope !== scope || this.#model.isUsable?.(entry.state) === false) continue;
      const common = Math.min(commonLength(entry.tokens, sequence), sequence.length - 1);
      const whole = common === entry.tokens.length;
      if (common > best.length && (whole || this.#model.truncate)) best = { length: common, entry };
    }
    const { length, entry } = best;
    if (entry === undefined) return { length: 0 };
    this.#recall(scope, entry.tokens);
    const whole = length === entry.tokens.length;
    return { length, state: whole ? entry.state : this.#model.truncate!(entry.state, length) };
  }

  /** Drops the least recently used entries of the largest scope, but not `newest`. */
  #forget(newest: string): void {
    while (this.#entries.size > Math.max(1, this.#maxEntries)) {
      const others = [...this.#entries].filter(([key]) => key !== newest);
      const [key] = makesRoom(others, ([, { scope }]) => scope);
      this.#entries.delete(key);
    }
  }
}

const sequenceOf = (tokens: readonly number[] | string): string =>
  typeof tokens === "string" ? tokens : String.fromCharCode(...tokens);

const keyOf = (scope: string, tokens: readonly number[] | string): string =>
  `${scope.length}:${scope}${sequenceOf(tokens)}`;

function commonLength(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}
