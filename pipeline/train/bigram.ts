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
  const pairs = wantedPairs(batches, vocabSize);
  const unigrams = countPairs(tokens, pairs, vocabSize);
  const total = tokens.length + vocabSize;
  const loss = (k: number) => {
    let sum = 0, count = 0;
    for (const [pair, { seen, wanted }] of pairs) {
      const before = Math.floor(pair / vocabSize), token = pair % vocabSize;
      const unigram = (unigrams[token] + 1) / total;
      sum -= wanted * Math.log((seen + k * unigram) / (unigrams[before] + k));
      count += wanted;
    }
    return sum / count;
  };
  return CANDIDATES.map((k) => ({ k, loss: loss(k) })).reduce((a, b) => b.loss < a.loss ? b : a);
}

type Pairs = Map<number, { seen: number; wanted: number }>;

/** Only the pairs that will be asked for are counted: memory follows validation, not V². */
function wantedPairs(batches: readonly Batch[], vocabSize: number): Pairs {
  const pairs: Pairs = new Map();
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

function countPairs(tokens: Uint16Array, pairs: Pairs, vocabSize: number): Float64Array {
  const unigrams = new Float64Array(vocabSize);
  for (let i = 0; i < tokens.length; i++) {
    unigrams[tokens[i]]++;
    if (i === 0) continue;
    const entry = pairs.get(tokens[i - 1] * vocabSize + tokens[i]);
    if (entry) entry.seen++;
  }
  return unigrams;
}
