/**
 * An inverse index of a batch's tokens, so that the gradient of the token embedding has an owner
 * per row and needs no atomics. Made on the host by a counting sort.
 */

/** Values in the index of `rows` tokens. */
export const tokenIndexLength = (rows: number) => 3 * rows;

/**
 * For N tokens, 3 N values: the rows 0..N−1 ordered by token (stable), then N pairs (token, where
 * its rows start), one per distinct token in ascending order, filled up with pairs (0, N).
 *
 * Throws a `RangeError` for a token outside 0..vocabulary−1.
 *
 * @example
 * ```ts
 * tokenIndex(Int32Array.of(7, 2, 7), 8); // rows 1 0 2, pairs (2, 0) (7, 1) (0, 3)
 * ```
 */
export function tokenIndex(tokens: Int32Array, vocabulary: number): Uint32Array<ArrayBuffer> {
  const n = tokens.length;
  const starts = new Uint32Array(vocabulary + 1);
  for (const token of tokens) {
    if (!(token >= 0 && token < vocabulary)) {
      throw new RangeError(`Cannot index token ${token}, expected 0 to ${vocabulary - 1}`);
    }
    starts[token + 1]++;
  }
  const index = new Uint32Array(tokenIndexLength(n));
  let distinct = 0;
  for (let token = 0; token < vocabulary; token++) {
    if (starts[token + 1] > 0) {
      index[n + 2 * distinct] = token;
      index[n + 2 * distinct + 1] = starts[token];
      distinct++;
    }
    starts[token + 1] += starts[token];
  }
  for (; distinct < n; distinct++) index[n + 2 * distinct + 1] = n;
  tokens.forEach((token, row) => index[starts[token]++] = row);
  return index;
}
