/** Layer normalisation (Ba, Kiros, Hinton 2016) in float64: the oracle of kernels/ops/layernorm. */

export interface LayernormForward {
  /** (N, C) */
  inp: Float64Array;
  /** (C) */
  weight: Float64Array;
  /** (C) */
  bias: Float64Array;
  eps: number;
}

/** out = weight · (inp − mean) · rstd + bias over each row; mean and rstd (N) are kept for backward. */
export function layernormForward({ inp, weight, bias, eps }: LayernormForward) {
  const width = weight.length, rows = inp.length / width;
  const out = new Float64Array(inp.length);
  const mean = new Float64Array(rows), rstd = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const x = inp.subarray(row * width, (row + 1) * width);
    mean[row] = x.reduce((sum, value) => sum + value, 0) / width;
    const variance = x.reduce((sum, value) => sum + (value - mean[row]) ** 2, 0) / width;
    rstd[row] = 1 / Math.sqrt(variance + eps);
    x.forEach((value, c) => {
      out[row * width + c] = weight[c] * (value - mean[row]) * rstd[row] + bias[c];
    });
  }
  return { out, mean, rstd };
}

export interface LayernormBackward {
  /** (N, C) */
  dout: Float64Array;
  inp: Float64Array;
  weight: Float64Array;
  mean: Float64Array;
  rstd: Float64Array;
}

/**
 * With x̂ = (inp − mean) · rstd and g = dout · weight:
 * dinp = rstd · (g − mean(g) − x̂ · mean(g · x̂)), dweight = Σ dout · x̂, dbias = Σ dout.
 */
export function layernormBackward({ dout, inp, weight, mean, rstd }: LayernormBackward) {
  const width = weight.length, rows = inp.length / width;
  const dinp = new Float64Array(inp.length);
  const dweight = new Float64Array(width), dbias = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    const normal = (c: number) => (inp[row * width + c] - mean[row]) * rstd[row];
    let sum = 0, dot = 0;
    for (let c = 0; c < width; c++) {
      const d = dout[row * width + c];
      dweight[c] += d * normal(c);
      dbias[c] += d;
      sum += d * weight[c];
      dot += d * weight[c] * normal(c);
    }
    for (let c = 0; c < width; c++) {
      const g = dout[row * width + c] * weight[c];
      dinp[row * width + c] = rstd[row] * (g - sum / width - normal(c) * dot / width);
    }
  }
  return { dinp, dweight, dbias };
}
