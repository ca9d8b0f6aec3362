/** Token and position embedding in float64: the oracle of kernels/ops/embedding. */

export interface EmbeddingForward {
  /** (B, T) token ids */
  tokens: Int32Array;
  /** (V, C) */
  wte: Float64Array;
  /** (positions, C), positions ≥ T */
  wpe: Float64Array;
  /** T */
  length: number;
  /** C */
  width: number;
}

/** out[b, t] = wte[tokens[b, t]] + wpe[t], (B, T, C). */
export function embeddingForward({ tokens, wte, wpe, length, width }: EmbeddingForward) {
  const out = new Float64Array(tokens.length * width);
  tokens.forEach((token, row) => {
    for (let c = 0; c < width; c++) {
      out[row * width + c] = wte[token * width + c] + wpe[(row % length) * width + c];
    }
  });
  return out;
}

export interface EmbeddingBackward extends EmbeddingForward {
  /** (B, T, C) */
  dout: Float64Array;
}

/** Every row of dout is added to the row of dwte of its token and to the row of dwpe of its position. */
export function embeddingBackward({ dout, tokens, wte, wpe, length, width }: EmbeddingBackward) {
  const dwte = new Float64Array(wte.length), dwpe = new Float64Array(wpe.length);
  tokens.forEach((token, row) => {
    for (let c = 0; c < width; c++) {
      dwte[token * width + c] += dout[row * width + c];
      dwpe[(row % length) * width + c] += dout[row * width + c];
    }
  });
  return { dwte, dwpe };
}
