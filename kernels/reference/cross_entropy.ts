/** Softmax cross-entropy in float64: the oracle of kernels/ops/cross_entropy. */

export interface CrossEntropy {
  /** (N, V) */
  logits: Float64Array;
  /** (N) token ids */
  targets: Int32Array;
}

/**
 * losses (N) = log Σ exp(logits) − logits[target] of each row, in nats, and dlogits (N, V), the
 * gradient of their mean: (softmax(logits) − onehot(target)) / N.
 */
export function crossEntropy({ logits, targets }: CrossEntropy) {
  const rows = targets.length, vocabulary = logits.length / rows;
  const losses = new Float64Array(rows);
  const dlogits = new Float64Array(logits.length);
  for (let row = 0; row < rows; row++) {
    const x = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
    const max = x.reduce((a, b) => Math.max(a, b), -Infinity);
    const lse = max + Math.log(x.reduce((sum, value) => sum + Math.exp(value - max), 0));
    losses[row] = lse - x[targets[row]];
    dlogits.set(x.map((value) => Math.exp(value - lse) / rows), row * vocabulary);
    dlogits[row * vocabulary + targets[row]] -= 1 / rows;
  }
  return { losses, dlogits, loss: losses.reduce((a, b) => a + b, 0) / rows };
}
