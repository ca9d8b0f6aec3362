/**
 * Interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998, section 3).
 *
 *     P(w | c) = (N(c w) − D(N(c w))) / N(c ·)  +  γ(c) · P(w | c without its first symbol)
 *
 * N is the raw count at the highest order, and below it the number of distinct symbols that precede
 * the n-gram (its continuation count), except where the n-gram starts a sequence and nothing can
 * precede it: there the raw count. D takes three values per order, from the counts of counts. The
 * recursion ends in the uniform distribution 1 / vocabulary.
 */

import type { NgramCounts } from "./counts.ts";

export class KneserNey {
  /** `discounted[n][node]`: the first term above, for the n-gram `node`. */
  readonly discounted: Float32Array[] = [];
  /** `backoff[n][node]`: γ of the n-gram `node` used as a context. */
  readonly backoff: Float32Array[] = [];

  /** `vocabulary`: number of symbols, seen or not, that share the uniform mass. */
  constructor(readonly counts: NgramCounts, readonly vocabulary: number) {
    for (let n = 0; n < counts.order; n++) {
      this.backoff.push(new Float32Array(counts.orders[n].size).fill(1));
    }
    this.discounted.push(new Float32Array(0));
    for (let n = 1; n <= counts.order; n++) this.#smooth(n);
  }

  #smooth(n: number): void {
    const { parent, size } = this.counts.orders[n];
    const adjusted = adjustedCounts(this.counts, n);
    const discounts = modifiedDiscounts(adjusted);
    const contexts = this.counts.orders[n - 1].size;
    const total = new Float64Array(contexts);
    const removed = new Float64Array(contexts);
    for (let node = 0; node < size; node++) {
      total[parent[node]] += adjusted[node];
      removed[parent[node]] += discounts[Math.min(adjusted[node], 3)];
    }
    const discounted = new Float32Array(size);
    for (let node = 0; node < size; node++) {
      const count = adjusted[node];
      discounted[node] = (count - discounts[Math.min(count, 3)]) / total[parent[node]];
    }
    const backoff = this.backoff[n - 1];
    for (let context = 0; context < contexts; context++) {
      if (total[context] > 0) backoff[context] = removed[context] / total[context];
    }
    this.discounted.push(discounted);
  }

  /** P(symbol | context), where `contextNodes` are those of `NgramCounts.contextNodes`. */
  probability(contextNodes: readonly number[], symbol: number): number {
    let probability = 1 / this.vocabulary;
    for (let n = 1; n <= contextNodes.length; n++) {
      const context = contextNodes[n - 1];
      const node = this.counts.orders[n].find(context, symbol);
      probability *= this.backoff[n - 1][context];
      if (node !== undefined) probability += this.discounted[n][node];
    }
    return probability;
  }

  /** −log₂ P of each symbol of a sequence after its first (which only starts it). */
  bits(symbols: ArrayLike<number>): Float64Array {
    const { counts } = this;
    const bits = new Float64Array(Math.max(0, symbols.length - 1));
    const context: number[] = [];
    for (let position = 0; position < symbols.length; position++) {
      if (position > 0) {
        bits[position - 1] = -Math.log2(
          this.probability(counts.contextNodes(context), symbols[position]),
        );
      }
      context.push(symbols[position]);
      if (context.length >= counts.order) context.shift();
    }
    return bits;
  }
}

/** Raw counts at the highest order and for n-grams that start a sequence, else continuations. */
function adjustedCounts(counts: NgramCounts, n: number): Uint32Array {
  const { count, size } = counts.orders[n];
  if (n === counts.order) return count.subarray(0, size);
  const adjusted = new Uint32Array(size);
  const longer = counts.orders[n + 1];
  for (let node = 0; node < longer.size; node++) adjusted[longer.suffix[node]]++;
  for (let node = 0; node < size; node++) if (adjusted[node] === 0) adjusted[node] = count[node];
  return adjusted;
}

/**
 * D for counts 0, 1, 2 and 3 or more (Chen & Goodman 1998, equation 26). Where a tiny corpus has
 * no n-gram of some count, the formula has no value; 0.5, 1 and 1.5 keep every D below its count.
 */
function modifiedDiscounts(adjusted: Uint32Array): [number, number, number, number] {
  const seen = [0, 0, 0, 0, 0];
  for (const count of adjusted) if (count <= 4) seen[count]++;
  const [, n1, n2, n3, n4] = seen;
  if (n1 === 0 || n2 === 0 || n3 === 0 || n4 === 0) return [0, 0.5, 1, 1.5];
  const y = n1 / (n1 + 2 * n2);
  const clamp = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  return [
    0,
    clamp(1 - 2 * y * n2 / n1, 1),
    clamp(2 - 3 * y * n3 / n2, 2),
    clamp(3 - 4 * y * n4 / n3, 3),
  ];
}
