/** The forward pass of GPT-2 as a recording. */

import type { Recorder } from "../core/recorder.ts";
import type { Tensor } from "../core/tensor.ts";
import { attentionForward } from "../ops/attention.ts";
import { type Dropout, dropoutSites } from "../ops/dropout.ts";
import { embeddingForward } from "../ops/embedding.ts";
import { layernormForward, residualLayernormForward } from "../ops/layernorm.ts";
import { headForward, linearForward } from "../ops/matmul/linear.ts";
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
  const { shape, parameters: { parts }, blocks } = plan;
  embeddingForward(recorder.group("embedding"), {
    tokens: plan.inputs,
    wte: parts.get("wte.weight")!,
    wpe: parts.get("wpe.weight")!,
    out: blocks[0].inp.view([plan.batch, shape.n_positions, shape.n_embd]),
    dropout: dropout.embedding,
  });
  recordFirstNorm(recorder, plan, 0);
  blocks.forEach((block, layer) => {
    recordBlock(recorder, plan, dropout, layer);
    linear(recorder, plan, `h.${layer}.mlp.c_proj`, { inp: block.hidden, out: plan.branch });
    const next = blocks[layer + 1];
    addAndNorm(recorder, plan, next ? `h.${layer + 1}.ln_1` : "ln_f", {
      a: block.middle,
      sum: next ? next.inp : plan.stream,
      norm: next ? next.ln1 : plan.lnFinal,
      dropout: dropout.mlpOutput(layer),
    });
  });
}

/** The LayerNorm at a block's entry, from the stream alone. */
export function recordFirstNorm(recorder: Recorder, plan: Gpt2Plan, layer: number): void {
  layernormForward(recorder.group("layernorm"), {
    inp: plan.blocks[layer].inp,
    ...weightAndBias(plan.parameters.parts, `h.${layer}.ln_1`),
    ...plan.blocks[layer].ln1,
    eps: plan.shape.layer_norm_epsilon,
  });
}

/** A block from its first LayerNorm's output to the MLP's hidden layer: all that backward needs. */
export function recordBlock(
  recorder: Recorder,
  plan: Gpt2Plan,
  dropout: ModelDropout,
  layer: number,
): void {
  const block = plan.blocks[layer], name = `h.${layer}`;
  linear(recorder, plan, `${name}.attn.c_attn`, { inp: block.ln1.out, out: block.qkv });
  attentionForward(recorder.group("attention"), {
    qkv: block.qkv,
    out: block.attention,
    lse: block.lse,
    heads: plan.shape.n_head,
    dropout: dropout.attentionWeights(layer),
  });
  linear(recorder, plan, `${name}.attn.c_proj`, { inp: block.attention, out: plan.branch });
  addAndNorm(recorder, plan, `${name}.ln_2`, {
    a: block.inp,
    sum: block.middle,
    norm: block.ln2,
    dropout: dropout.attentionOutput(layer),
  });
  const { hidden: out, pre } = block;
  linear(recorder, plan, `${name}.mlp.c_fc`, { inp: block.ln2.out, out, pre });
}

function linear(
  recorder: Recorder,
  { parameters, weights }: Gpt2Plan,
  name: string,
  { inp, out, pre }: { inp: Tensor; out: Tensor; pre?: Tensor },
): void {
  const { bias } = weightAndBias(parameters.parts, name);
  const { weight } = weightAndBias(weights, name);
  linearForward(recorder.group("matmul"), { inp, weight, bias, out, pre });
}

/** sum = a + dropout(branch), then the LayerNorm of sum. */
function addAndNorm(
  recorder: Recorder,
  { parameters, shape, branch }: Gpt2Plan,
  name: string,
  { a, sum, norm, dropout }: { a: Tensor; sum: Tensor; norm: Norm; dropout: Dropout },
): void {
  residualLayernormForward(recorder.group("layernorm"), {
    a,
    b: branch,
    sum,
    ...weightAndBias(parameters.parts, name),
    ...norm,
    eps: shape.layer_norm_epsilon,
    dropout,
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
  const wte = plan.weights.get("wte.weight")!;
  headForward(recorder.group("matmul"), { inp: chunk.inp, wte, logits: chunk.logits });
}
