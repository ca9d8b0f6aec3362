/**
 * The bigram baseline: the next token guessed from the last one alone, by counting. The original
 * project's bigram network is a table of vocab × vocab logits trained by gradient descent; counting
 * gives the same model's optimum at once.
 *
 *   p(b | a) = (count(a, b) + k · p(b)) / (count(a) + k)      p(b) = (count(b) + 1) / (N + V)
 *
 * k, the weight of the unigram behind it, is the best of a few for the validation tokens: the
 * baseline is given every advantage.
 */

import type { Batch } from "./engine.ts";

export interface BigramBaseline {
  /** Mean cross-entropy of the batches' targets in nats. */
  loss: number;
  /** The smoothing weight that gave it. */
  k: number;
}

const CANDIDATES = [0.3, 1, 3, 10, 30, 100, 300];

/** The baseline counted on `tokens` and measured on the same `batches` as the model. */
export function bigramBaseline(
  tokens: Uint16Array,
  batches: readonly Batch[],
  vocabSize: number,
): BigramBaseline {
  const counts = new BigramCounts(batches, vocabSize);
  counts.add(tokens, 0, tokens.length);
  return counts.baseline();
}

/** Counts that grow, and the loss they reach so far on the targets of `batches`. */
export class BigramCounts {
  readonly #vocabSize: number;
  /** Only the pairs that will be asked for: memory follows validation, not V². */
  readonly #pairs: Map<number, { seen: number; wanted: number }>;
  readonly #unigrams: Float64Array;
  #counted = 0;

  constructor(batches: readonly Batch[], vocabSize: number) {
    this.#vocabSize = vocabSize;
    this.#pairs = wantedPairs(batches, vocabSize);
    this.#unigrams = new Float64Array(vocabSize);
  }

  /** Counts `tokens[from..to]`, each with the token before it. */
  add(tokens: Uint16Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.#unigrams[tokens[i]]++;
      if (i === 0) continue;
      const entry = this.#pairs.get(tokens[i - 1] * this.#vocabSize + tokens[i]);
      if (entry) entry.seen++;
    }
    this.#counted += to - from;
  }

  baseline(): BigramBaseline {
    return CANDIDATES.map((k) => ({ k, loss: this.#loss(k) }))
      .reduce((a, b) => b.loss < a.loss ? b : a);
  }

  #loss(k: number): number {
    const total = this.#counted + this.#vocabSize;
    let sum = 0, count = 0;
    for (const [pair, { seen, wanted }] of this.#pairs) {
      const before = Math.floor(pair / this.#vocabSize), token = pair % this.#vocabSize;
      const unigram = (this.#unigrams[token] + 1) / total;
      sum -= wanted * Math.log((seen + k * unigram) / (this.#unigrams[before] + k));
      count += wanted;
    }
    return sum / count;
  }
}

function wantedPairs(batches: readonly Batch[], vocabSize: number) {
  const pairs = new Map<number, { seen: number; wanted: number }>();
  for (const { inputs, targets } of batches) {
    inputs.forEach((before, i) => {
      const key = before * vocabSize + targets[i];
      const entry = pairs.get(key);
      if (entry) entry.wanted++;
      else pairs.set(key, { seen: 0, wanted: 1 });
    });
  }
  return pairs;
}
