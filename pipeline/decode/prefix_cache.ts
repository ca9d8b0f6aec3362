/**
 * Remembers what the model said after recent token sequences. The next keystroke shares nearly all
 * of its tokens with the last, so only the new ones are computed, and mid-word often none at all.
 */

import type { NextTokenModel } from "./types.ts";

interface Entry<S> {
  scope: string;
  /** One UTF-16 unit per token (ids are below 65536), so that prefixes are string prefixes. */
  tokens: string;
  logits: Float32Array;
  state: S;
}

export interface PrefixCacheLimits {
  /** Most sequences remembered; the least recently used goes first. */
  maxEntries?: number;
  /** Most bytes that the remembered states may hold; needs the model's `stateBytes`. */
  maxBytes?: number;
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

export class PrefixCache<S> {
  readonly #model: NextTokenModel<S>;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** Keyed by scope and tokens; Map order is age. */
  readonly #entries = new Map<string, Entry<S>>();

  constructor(
    model: NextTokenModel<S>,
    { maxEntries = 64, maxBytes = Infinity }: PrefixCacheLimits = {},
  ) {
    this.#model = model;
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get contextLength(): number {
    return this.#model.contextLength;
  }

  /** Logits (vocabSize) that follow `tokens` (at least one). */
  async logitsAfter(
    tokens: readonly number[],
    { signal, scope = "", onFed }: FeedOptions = {},
  ): Promise<Float32Array> {
    signal?.throwIfAborted();
    const sequence = String.fromCharCode(...tokens);
    const key = `${scope.length}:${scope}${sequence}`;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.logits;
    }
    const { length, state } = this.#longestStart(scope, sequence);
    const fed = await this.#model.feed(tokens.slice(length), state);
    onFed?.(tokens.length - length);
    this.#entries.set(key, { scope, tokens: sequence, ...fed });
    this.#forget(key);
    return fed.logits;
  }

  clear(): void {
    this.#entries.clear();
  }

  /**
   * The state of the longest start of `sequence` that is shorter than it: a remembered sequence, or
   * the part that one has in common with it, where the model can truncate.
   */
  #longestStart(scope: string, sequence: string): { length: number; state?: S } {
    let longest: { length: number; state?: S } = { length: 0 };
    for (const entry of this.#entries.values()) {
      if (entry.scope !== scope) continue;
      const common = Math.min(commonLength(entry.tokens, sequence), sequence.length - 1);
      if (common <= longest.length) continue;
      if (common === entry.tokens.length) longest = { length: common, state: entry.state };
      else if (this.#model.truncate) {
        longest = { length: common, state: this.#model.truncate(entry.state, common) };
      }
    }
    return longest;
  }

  /** Drops the least recently used entries but `newest` until the limits hold. */
  #forget(newest: string): void {
    for (const oldest of this.#entries.keys()) {
      if (oldest === newest || !this.#isFull()) return;
      this.#entries.delete(oldest);
    }
  }

  #isFull(): boolean {
    if (this.#entries.size > this.#maxEntries) return true;
    if (this.#maxBytes === Infinity || this.#model.stateBytes === undefined) return false;
    const states = Array.from(this.#entries.values(), ({ state }) => state);
    return this.#model.stateBytes(states) > this.#maxBytes;
  }
}

function commonLength(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}
