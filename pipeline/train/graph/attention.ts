/** Causal multi-head self-attention (Vaswani et al. 2017, section 3.2). */

import type { F32, GraphBuilder } from "../../lib/gpt/onnx/builder.ts";
import type { Layer, Tape } from "./layer.ts";

/** Added to the score of a later position: e^(−1e9) is 0, and no infinity arises. */
const HIDDEN_SCORE = -1e9;

/**
 * (N, 3C) queries, keys and values → (N, C).
 *
 *   P = softmax(Q·Kᵀ/√D, later positions hidden),  O = P·V           per sequence and head
 *   dV = Pᵀ·dO,  dS = P ⊙ (dO·Vᵀ − rowsum(dO ⊙ O)),  dQ = dS·K/√D,  dK = dSᵀ·Q/√D
 *
 * The rowsum over D replaces one over T (Dao et al. 2022, appendix B). Rows are done in blocks
 * that see only the keys up to their own end, which skips most of what causality hides.
 */
export function attention(tape: Tape, qkv: F32): Layer {
  const { g, config: { n_head, n_embd, attn_pdrop }, batchSize } = tape;
  const time = tape.config.n_positions, size = n_embd / n_head;
  const alpha = 1 / Math.sqrt(size);
  const heads = g.transpose(g.reshape(qkv, [batchSize, time, 3, n_head, size]), [2, 0, 3, 1, 4]);
  const [query, key, value] = g.split(heads, 0, [1, 1, 1])
    .map((part) => g.reshape(part, [batchSize, n_head, time, size]));
  const blocks = rowBlocks(time).map(({ from, to }) => {
    const q = rows(g, query, from, to, time);
    const k = rows(g, key, 0, to, time), v = rows(g, value, 0, to, time);
    const scores = g.fusedMatMul(q, k, { transB: true, alpha });
    const p = g.softmax(g.add(scores, causalMask(g, from, to)));
    const dropped = tape.drop(p, [batchSize, n_head, to - from, to], attn_pdrop);
    const out = g.fusedMatMul(dropped.out, v, { alpha: dropped.scale });
    return { from, to, q, k, v, p, dropped, out };
  });
  const out = g.concat(blocks.map((block) => block.out), 2);
  return {
    out: g.reshape(g.transpose(out, [0, 2, 1, 3]), [batchSize * time, n_embd]),
    backward(dout) {
      const split = g.reshape(dout, [batchSize, time, n_head, size]);
      const dO = g.transpose(split, [0, 2, 1, 3]);
      const rowSums = g.reduceSum(g.mul(dO, out), [3]);
      const gradients = blocks.map(({ from, to, q, k, v, p, dropped }) => {
        const dOut = rows(g, dO, from, to, time);
        const { scale } = dropped;
        const dp = dropped.backward(g.fusedMatMul(dOut, v, { transB: true, alpha: scale }));
        const ds = g.mul(p, g.sub(dp, rows(g, rowSums, from, to, time)));
        return {
          dq: g.fusedMatMul(ds, k, { alpha }),
          dk: g.fusedMatMul(ds, q, { transA: true, alpha }),
          dv: g.fusedMatMul(dropped.out, dOut, { transA: true, alpha: scale }),
        };
      });
      const dquery = g.concat(gradients.map(({ dq }) => dq), 2);
      const dkey = addPrefixes(g, gradients.map(({ dk }) => dk), blocks);
      const dvalue = addPrefixes(g, gradients.map(({ dv }) => dv), blocks);
      const stacked = [dquery, dkey, dvalue]
        .map((part) => g.reshape(part, [1, batchSize, n_head, time, size]));
      const dheads = g.transpose(g.concat(stacked, 0), [1, 3, 0, 2, 4]);
      return g.reshape(dheads, [batchSize * time, 3 * n_embd]);
    },
  };
}

interface Block {
  from: number;
  to: number;
}

function rowBlocks(time: number): Block[] {
  const count = time >= 64 ? 4 : 1;
  return Array.from({ length: count }, (_, i) => ({
    from: Math.floor(i * time / count),
    to: Math.floor((i + 1) * time / count),
  }));
}

/** Positions `from` to `to` of (B, H, T, …). */
function rows(g: GraphBuilder, x: F32, from: number, to: number, time: number): F32 {
  return from === 0 && to === time ? x : g.slice(x, 2, from, to);
}

/** (to − from, to): 0 where the key is not later than the query. */
function causalMask(g: GraphBuilder, from: number, to: number): F32 {
  const mask = new Float32Array((to - from) * to);
  for (let row = 0; row < to - from; row++) {
    mask.fill(HIDDEN_SCORE, row * to + from + row + 1, (row + 1) * to);
  }
  return g.constantOnce(`causal mask ${from} ${to}`, "float32", [to - from, to], mask);
}

/** The sum of tensors that cover the first `to` positions each; the last covers all. */
function addPrefixes(g: GraphBuilder, parts: F32[], blocks: Block[]): F32 {
  const pieces = blocks.map(({ from, to }, piece) =>
    parts.slice(piece)
      .map((part, i) => rows(g, part, from, to, blocks[piece + i].to))
      .reduce((a, b) => g.add(a, b))
  );
  return pieces.length === 1 ? pieces[0] : g.concat(pieces, 2);
}
