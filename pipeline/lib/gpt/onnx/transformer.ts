/**
 * GPT-2's forward pass as graph nodes (Radford et al. 2019; Hugging Face `GPT2LMHeadModel`),
 * shared by every inference graph. What differs between them, which keys and values a position
 * sees, is the `attend` argument.
 */

import type { GptConfig } from "../config.ts";
import type { F32, GraphBuilder, Index } from "./builder.ts";
import type { Weights } from "./weights.ts";

/** (B, H, T, D) queries of a layer, already divided by √D, and its new keys and values → (B, H, T, D). */
export type Attend = (layer: number, heads: { query: F32; key: F32; value: F32 }) => F32;

/** Token ids (B, T) and their positions (B, T) or (T) → the hidden states (B, T, C) after `ln_f`. */
export function hiddenStates(
  g: GraphBuilder,
  config: GptConfig,
  weights: Weights,
  { ids, positions, attend }: { ids: Index; positions: Index; attend: Attend },
): F32 {
  const norm = (x: F32, name: string) =>
    g.layerNormalization(
      x,
      weights.tensor(`${name}.weight`),
      weights.tensor(`${name}.bias`),
      config.layer_norm_epsilon,
    );
  let x = g.add(
    weights.tokenEmbedding(ids),
    g.gather(weights.tensor("wpe.weight"), positions),
  );
  for (let layer = 0; layer < config.n_layer; layer++) {
    const block = `h.${layer}`;
    g.scope = `${block}.`;
    const qkv = weights.linear(norm(x, `${block}.ln_1`), `${block}.attn.c_attn`);
    const attended = joinHeads(g, config, attend(layer, splitHeads(g, config, qkv)));
    x = g.add(x, weights.linear(attended, `${block}.attn.c_proj`));
    const inner = g.gelu(weights.linear(norm(x, `${block}.ln_2`), `${block}.mlp.c_fc`));
    x = g.add(x, weights.linear(inner, `${block}.mlp.c_proj`));
  }
  g.scope = "";
  return norm(x, "ln_f");
}

/** (B, T, 3C) → query / √D, key and value, each (B, H, T, D). */
function splitHeads(g: GraphBuilder, { n_head, n_embd }: GptConfig, qkv: F32) {
  const size = n_embd / n_head;
  const [query, key, value] = g.split(qkv, -1, [n_embd, n_embd, n_embd])
    .map((part) => g.transpose(g.reshape(part, [0, 0, n_head, size]), [0, 2, 1, 3]));
  return { query: g.mul(query, g.scalar(1 / Math.sqrt(size))), key, value };
}

/** (B, H, T, D) → (B, T, C). */
function joinHeads(g: GraphBuilder, { n_embd }: GptConfig, x: F32): F32 {
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [0, 0, n_embd]);
}

/** Added to the score of a position that must not be seen: e^(−1e9) is 0, and no infinity arises. */
export const HIDDEN_SCORE = -1e9;

/** softmax(query · keyᵀ + mask) · value; the mask is 0 where a position is seen, else `HIDDEN_SCORE`. */
export function attention(
  g: GraphBuilder,
  { query, key, value, mask }: { query: F32; key: F32; value: F32; mask: F32 },
): F32 {
  const scores = g.matmul(query, g.transpose(key, [0, 1, 3, 2]));
  return g.matmul(g.softmax(g.add(scores, mask)), value);
}
