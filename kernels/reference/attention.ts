/**
 * Causal multi-head self-attention (Vaswani et al. 2017) in float64, with the (T, T) weights
 * written out in full: the oracle of the flash-style kernels/ops/attention, which never do that.
 */

import { type Dropout, dropoutFactor } from "./dropout.ts";

export interface AttentionForward {
  /** (B, T, 3C): query, key and value of all heads side by side, as Hugging Face's c_attn makes them */
  qkv: Float64Array;
  /** T */
  length: number;
  /** C */
  width: number;
  heads: number;
  /** Of the attention weights. */
  dropout?: Dropout;
}

/** One head of one sequence: where its vectors lie, and its weights before and after dropout. */
interface Head {
  query: (t: number) => number;
  key: (t: number) => number;
  value: (t: number) => number;
  out: (t: number) => number;
  /** softmax(q · kᵀ / √d) over keys 0..t of query t, (T, T). */
  weights: Float64Array;
  /** What dropout multiplies each weight by, (T, T). */
  factors: Float64Array;
  /** log Σ exp of the scaled scores, (T). */
  lse: Float64Array;
}

/** out (B, T, C) and lse (B, NH, T), the log-sum-exp of each query's scores. */
export function attentionForward(inputs: AttentionForward) {
  const { qkv, length, width, heads } = inputs;
  const size = width / heads;
  const out = new Float64Array(qkv.length / 3);
  const lse = new Float64Array(out.length / width * heads);
  eachHead(inputs, (head, index) => {
    lse.set(head.lse, index * length);
    for (let t = 0; t < length; t++) {
      for (let s = 0; s <= t; s++) {
        const weight = head.weights[t * length + s] * head.factors[t * length + s];
        for (let i = 0; i < size; i++) out[head.out(t) + i] += weight * qkv[head.value(s) + i];
      }
    }
  });
  return { out, lse };
}

export interface AttentionBackward extends AttentionForward {
  /** (B, T, C) */
  dout: Float64Array;
}

/** dqkv (B, T, 3C). */
export function attentionBackward(inputs: AttentionBackward): Float64Array {
  const { dout, qkv, length, width, heads } = inputs;
  const size = width / heads, scale = 1 / Math.sqrt(size);
  const dqkv = new Float64Array(qkv.length);
  eachHead(inputs, (head) => {
    for (let t = 0; t < length; t++) {
      const dweights = new Float64Array(t + 1);
      for (let s = 0; s <= t; s++) {
        const factor = head.factors[t * length + s];
        const weight = head.weights[t * length + s] * factor;
        for (let i = 0; i < size; i++) {
          dweights[s] += factor * dout[head.out(t) + i] * qkv[head.value(s) + i];
          dqkv[head.value(s) + i] += weight * dout[head.out(t) + i];
        }
      }
      const weights = head.weights.subarray(t * length, t * length + t + 1);
      const dot = weights.reduce((sum, weight, s) => sum + weight * dweights[s], 0);
      for (let s = 0; s <= t; s++) {
        const dscore = scale * weights[s] * (dweights[s] - dot);
        for (let i = 0; i < size; i++) {
          dqkv[head.query(t) + i] += dscore * qkv[head.key(s) + i];
          dqkv[head.key(s) + i] += dscore * qkv[head.query(t) + i];
        }
      }
    }
  });
  return dqkv;
}

/** Calls `visit` with every head of every sequence; `index` counts (B, NH). */
function eachHead(inputs: AttentionForward, visit: (head: Head, index: number) => void): void {
  const { qkv, length, width, heads } = inputs;
  const batch = qkv.length / (3 * length * width);
  for (let index = 0; index < batch * heads; index++) visit(headOf(inputs, index), index);
}

function headOf({ qkv, length, width, heads, dropout }: AttentionForward, index: number): Head {
  const size = width / heads, scale = 1 / Math.sqrt(size);
  const b = Math.floor(index / heads), offset = (index % heads) * size;
  const at = (part: number) => (t: number) => (b * length + t) * 3 * width + part * width + offset;
  const [query, key, value] = [at(0), at(1), at(2)];
  const weights = new Float64Array(length * length);
  const factors = new Float64Array(length * length).fill(1);
  const lse = new Float64Array(length);
  for (let t = 0; t < length; t++) {
    const scores = new Float64Array(t + 1);
    for (let s = 0; s <= t; s++) {
      for (let i = 0; i < size; i++) scores[s] += scale * qkv[query(t) + i] * qkv[key(s) + i];
      if (dropout) factors[t * length + s] = dropoutFactor(dropout, index * length + t, s);
    }
    lse[t] = logSumExp(scores);
    weights.set(scores.map((score) => Math.exp(score - lse[t])), t * length);
  }
  return {
    query,
    key,
    value,
    out: (t) => (b * length + t) * width + offset,
    weights,
    factors,
    lse,
  };
}

function logSumExp(scores: Float64Array): number {
  const max = Math.max(...scores);
  return max + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - max), 0));
}
