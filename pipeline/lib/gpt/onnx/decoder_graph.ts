/**
 * The exported graph: one or more new tokens behind a key-value cache, with the names and outputs
 * that Hugging Face optimum and transformers.js expect of a text-generation model. N counts the
 * layers from 0.
 *
 * | input                      | type    | shape                   |
 * |----------------------------|---------|-------------------------|
 * | input_ids                  | int64   | (batch, new)            |
 * | attention_mask             | int64   | (batch, past + new), 1 = real token, 0 = padding |
 * | position_ids               | int64   | (batch, new)            |
 * | past_key_values.N.key      | float32 | (batch, heads, past, n_embd / heads) |
 * | past_key_values.N.value    | float32 | the same                |
 *
 * `past` may be 0: feed tensors with an empty third axis.
 *
 * | output                     | type    | shape                   |
 * |----------------------------|---------|-------------------------|
 * | logits                     | float32 | (batch, new, vocab)     |
 * | present.N.key, .value      | float32 | (batch, heads, past + new, n_embd / heads) |
 */

import type { GptConfig } from "../config.ts";
import { type F32, GraphBuilder, type I64 } from "./builder.ts";
import { attention, HIDDEN_SCORE, hiddenStates } from "./transformer.ts";
import type { Weights } from "./weights.ts";

interface KeyValue {
  key: F32;
  value: F32;
}

/** The model as an ONNX file; `makeWeights` decides how its layers are stored. */
export function decoderGraph(
  config: GptConfig,
  makeWeights: (g: GraphBuilder) => Weights,
): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder("gpt2_decoder");
  const weights = makeWeights(g);
  const { ids, positions, past, mask, cacheDims } = inputs(g, config);
  const present: KeyValue[] = [];
  const hidden = hiddenStates(g, config, weights, {
    ids,
    positions,
    attend(layer, heads) {
      const key = g.concat([past[layer].key, heads.key], 2);
      const value = g.concat([past[layer].value, heads.value], 2);
      present.push({ key, value });
      return attention(g, { query: heads.query, key, value, mask });
    },
  });
  g.output("logits", weights.logits(hidden), ["batch", "new", config.vocab_size]);
  for (const [layer, { key, value }] of present.entries()) {
    g.output(`present.${layer}.key`, key, cacheDims("past + new"));
    g.output(`present.${layer}.value`, value, cacheDims("past + new"));
  }
  return g.toBytes();
}

function inputs(g: GraphBuilder, { n_head, n_embd, n_layer }: GptConfig) {
  const ids = g.input("input_ids", "int64", ["batch", "new"]);
  const attentionMask = g.input("attention_mask", "int64", ["batch", "past + new"]);
  const positions = g.input("position_ids", "int64", ["batch", "new"]);
  const cacheDims = (length: string) => ["batch", n_head, length, n_embd / n_head];
  const past: KeyValue[] = Array.from({ length: n_layer }, (_, layer) => ({
    key: g.input(`past_key_values.${layer}.key`, "float32", cacheDims("past")),
    value: g.input(`past_key_values.${layer}.value`, "float32", cacheDims("past")),
  }));
  return { ids, positions, past, mask: visible(g, ids, attentionMask), cacheDims };
}

/** (batch, 1, new, past + new): 0 where a token sees another, else `HIDDEN_SCORE`. */
function visible(g: GraphBuilder, ids: I64, attentionMask: I64): F32 {
  const total = g.size(attentionMask, 1);
  const past = g.sub(total, g.size(ids, 1));
  const queries = g.unsqueeze(g.range(g.squeeze(past), g.squeeze(total)), [1]);
  const keys = g.range(g.int(0), g.squeeze(total));
  const notLater = g.lessOrEqual(keys, queries);
  const real = g.unsqueeze(g.cast(attentionMask, "bool"), [1, 2]);
  return g.where(g.and(notLater, real), g.scalar(0), g.scalar(HIDDEN_SCORE));
}
