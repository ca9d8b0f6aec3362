/** The forward pass of GPT-2 as a recording. */

import type { Recorder } from "../core/recorder.ts";
import type { Tensor } from "../core/tensor.ts";
import { attentionForward } from "../ops/attention.ts";
import { type Dropout, dropoutSites } from "../ops/dropout.ts";
import { embeddingForward } from "../ops/embedding.ts";
import { layernormForward, residualLayernormForward } from "../ops/layernorm.ts";
import { headForward, linearForward } from "../ops/matmul/matmul.ts";
import { type Gpt2Plan, type Norm, rowChunks } from "./plan.ts";

/** Dropout at each place of the model; probability 0 everywhere outside of training. */
export interface ModelDropout {
  embedding: Dropout;
  attentionWeights(layer: number): Dropout;
  attentionOutput(layer: number): Dropout;
  mlpOutput(layer: number): Dropout;
}

export function modelDropout({ shape, seed }: Gpt2Plan, training: boolean): ModelDropout {
  const at = (probability: number, site: number): Dropout => ({
    probability: training ? probability : 0,
    site,
    seed,
  });
  const { embedding, attentionWeights, attentionOutput, mlpOutput } = dropoutSites;
  return {
    embedding: at(shape.embd_pdrop, embedding),
    attentionWeights: (layer) => at(shape.attn_pdrop, attentionWeights(layer)),
    attentionOutput: (layer) => at(shape.resid_pdrop, attentionOutput(layer)),
    mlpOutput: (layer) => at(shape.resid_pdrop, mlpOutput(layer)),
  };
}

/** Weight and bias of a linear layer or LayerNorm. */
export function weightAndBias(pack: Map<string, Tensor>, name: string) {
  return { weight: pack.get(`${name}.weight`)!, bias: pack.get(`${name}.bias`)! };
}

/** Records everything up to and with the final LayerNorm. */
export function recordForward(recorder: Recorder, plan: Gpt2Plan, dropout: ModelDropout): void {
  const { shape, parameters: { parts }, blocks, branch } = plan;
  const eps = shape.layer_norm_epsilon;
  const linear = (name: string, inp: Tensor, out: Tensor, pre?: Tensor) =>
    linearForward(recorder.group("matmul"), { inp, ...weightAndBias(parts, name), out, pre });
  /** sum = a + dropout(branch), then the LayerNorm of sum. */
  const addAndNorm = (name: string, a: Tensor, sum: Tensor, dropout: Dropout, norm: Norm) =>
    residualLayernormForward(recorder.group("layernorm"), {
      a,
      b: branch,
      sum,
      ...weightAndBias(parts, name),
      ...norm,
      eps,
      dropout,
    });

  embeddingForward(recorder.group("embedding"), {
    tokens: plan.inputs,
    wte: parts.get("wte.weight")!,
    wpe: parts.get("wpe.weight")!,
    out: blocks[0].inp.view([plan.batch, shape.n_positions, shape.n_embd]),
    dropout: dropout.embedding,
  });
  layernormForward(recorder.group("layernorm"), {
    inp: blocks[0].inp,
    ...weightAndBias(parts, "h.0.ln_1"),
    ...blocks[0].ln1,
    eps,
  });
  blocks.forEach((block, layer) => {
    const name = `h.${layer}`;
    linear(`${name}.attn.c_attn`, block.ln1.out, block.qkv);
    attentionForward(recorder.group("attention"), {
      qkv: block.qkv,
      out: block.attention,
      lse: block.lse,
      heads: shape.n_head,
      dropout: dropout.attentionWeights(layer),
    });
    linear(`${name}.attn.c_proj`, block.attention, branch);
    const { middle, ln2 } = block;
    addAndNorm(`${name}.ln_2`, block.inp, middle, dropout.attentionOutput(layer), ln2);
    linear(`${name}.mlp.c_fc`, block.ln2.out, block.hidden, block.pre);
    linear(`${name}.mlp.c_proj`, block.hidden, branch);
    const next = blocks[layer + 1];
    const nextName = next ? `h.${layer + 1}.ln_1` : "ln_f";
    const [sum, norm] = next ? [next.inp, next.ln1] : [plan.stream, plan.lnFinal];
    addAndNorm(nextName, middle, sum, dropout.mlpOutput(layer), norm);
  });
}

/** One chunk of rows of the classifier: its first row, its final activations and its logits. */
export interface LogitChunk {
  first: number;
  /** (rows, C) */
  inp: Tensor;
  /** (rows, V) */
  logits: Tensor;
}

export function logitChunks({ logits, lnFinal }: Gpt2Plan): LogitChunk[] {
  const [size, v] = logits.shape, [rows, c] = lnFinal.out.shape;
  return rowChunks(rows, size).map(({ first, count }) => ({
    first,
    inp: lnFinal.out.view([count, c], first * c),
    logits: logits.view([count, v]),
  }));
}

export function recordLogits(recorder: Recorder, plan: Gpt2Plan, chunk: LogitChunk): void {
  const wte = plan.parameters.parts.get("wte.weight")!;
  headForward(recorder.group("matmul"), { inp: chunk.inp, wte, logits: chunk.logits });
}
