/**
 * Remembers what the model said after recent token sequences. The next keystroke shares nearly all
 * of its tokens with the last, so only the new ones are computed, and mid-word often none at all.
 */

import type { NextTokenModel } from "./types.ts";

interface Entry<S> {
  logits: Float32Array;
  state: S;
}

export interface PrefixCacheLimits {
  /** Most sequences remembered; the least recently used goes first. */
  maxEntries?: number;
  /** Most bytes that the remembered states may hold; needs the model's `stateBytes`. */
  maxBytes?: number;
}

export class PrefixCache<S> {
  readonly #model: NextTokenModel<S>;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** Keyed by the tokens, one UTF-16 unit each (ids are below 65536); Map order is age. */
  readonly #entries = new Map<string, Entry<S>>();
  /** Tokens fed to the model since the construction, for measurements. */
  tokensFed = 0;

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

  /** Logits (vocabSize) that follow `tokens` (at least one); feeds only what is not remembered. */
  async logitsAfter(tokens: readonly number[], signal?: AbortSignal): Promise<Float32Array> {
    signal?.throwIfAborted();
    const key = String.fromCharCode(...tokens);
    const known = this.#longestPrefix(key);
    if (known.length === tokens.length) return known.entry!.logits;
    const fed = await this.#model.feed(tokens.slice(known.length), known.entry?.state);
    this.tokensFed += tokens.length - known.length;
    this.#remember(key, fed);
    return fed.logits;
  }

  clear(): void {
    this.#entries.clear();
  }

  #longestPrefix(key: string): { length: number; entry?: Entry<S> } {
    for (let length = key.length; length > 0; length--) {
      const prefix = key.slice(0, length);
      const entry = this.#entries.get(prefix);
      if (entry === undefined) continue;
      this.#entries.delete(prefix);
      this.#entries.set(prefix, entry);
      return { length, entry };
    }
    return { length: 0 };
  }

  #remember(key: string, entry: Entry<S>): void {
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (oldest === key || !this.#isFull()) return;
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
