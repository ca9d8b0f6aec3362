/**
 * Loss, logits and every gradient of a whole GPT-2 in float64, composed of the twins in this
 * folder. Parameters and gradients go by Hugging Face names, as in pipeline/lib/gpt/model/parameters.ts.
 */

import { attentionBackward, attentionForward } from "./attention.ts";
import { crossEntropy } from "./cross_entropy.ts";
import { type Dropout, dropoutForward } from "./dropout.ts";
import { embeddingBackward, embeddingForward } from "./embedding.ts";
import { geluBackward, geluForward } from "./gelu.ts";
import { layernormBackward, layernormForward } from "./layernorm.ts";
import { linearBackward, linearForward, matmul } from "./matmul.ts";
import { residualForward } from "./residual.ts";

/** Hugging Face `GPT2Config` names; the dropout probabilities count only when a seed is given. */
export interface Gpt2Config {
  vocab_size: number;
  n_positions: number;
  n_embd: number;
  n_layer: number;
  n_head: number;
  layer_norm_epsilon: number;
  embd_pdrop: number;
  attn_pdrop: number;
  resid_pdrop: number;
}

export interface Gpt2Batch {
  /** (B, T) token ids, T ≤ n_positions */
  inputs: Int32Array;
  /** (B, T) token ids */
  targets: Int32Array;
  /** T */
  length: number;
}

export type Float64Tensors = Map<string, Float64Array>;

/** Where the model drops out; the site is the third word of the random counter. */
export const dropoutSites = {
  embedding: 0,
  attentionWeights: (layer: number) => 1 + 3 * layer,
  attentionOutput: (layer: number) => 2 + 3 * layer,
  mlpOutput: (layer: number) => 3 + 3 * layer,
};

/** Mean loss in nats, logits (B, T, V) and the gradient of the loss by every parameter. */
export function gpt2LossAndGradients(
  config: Gpt2Config,
  parameters: Float64Tensors,
  batch: Gpt2Batch,
  dropoutSeed?: number,
) {
  const gradients: Float64Tensors = new Map();
  const add = (name: string, gradient: Float64Array) => {
    const sum = gradients.get(name);
    gradients.set(name, sum ? residualForward(sum, gradient) : gradient);
  };
  const drop = (probability: number, site: number): Dropout =>
    dropoutSeed === undefined
      ? { probability: 0, seed: 0, site }
      : { probability, seed: dropoutSeed, site };
  const model: Model = { config, parameters, batch, drop, add };

  const embedding = embed(model);
  const blocks: ReturnType<typeof block>[] = [];
  let stream = embedding.out;
  for (let layer = 0; layer < config.n_layer; layer++) {
    blocks.push(block(model, layer, stream));
    stream = blocks[layer].out;
  }
  const { loss, logits, backward } = head(model, stream);

  let dstream = backward();
  for (const { backward } of blocks.toReversed()) dstream = backward(dstream);
  embedding.backward(dstream);
  return { loss, logits, gradients };
}

interface Model {
  config: Gpt2Config;
  parameters: Float64Tensors;
  batch: Gpt2Batch;
  drop: (probability: number, site: number) => Dropout;
  /** Adds to the gradient of a parameter. */
  add: (name: string, gradient: Float64Array) => void;
}

function embed({ config, parameters, batch, drop, add }: Model) {
  const dropout = drop(config.embd_pdrop, dropoutSites.embedding);
  const inputs = {
    tokens: batch.inputs,
    wte: parameters.get("wte.weight")!,
    wpe: parameters.get("wpe.weight")!,
    length: batch.length,
    width: config.n_embd,
  };
  return {
    out: dropoutForward(embeddingForward(inputs), dropout),
    backward(dout: Float64Array) {
      const { dwte, dwpe } = embeddingBackward({ ...inputs, dout: dropoutForward(dout, dropout) });
      add("wte.weight", dwte);
      add("wpe.weight", dwpe);
    },
  };
}

/** A LayerNorm and its backward, which adds its parameters' gradients. */
function layernorm({ config, parameters, add }: Model, name: string, inp: Float64Array) {
  const weight = parameters.get(`${name}.weight`)!, bias = parameters.get(`${name}.bias`)!;
  const forward = layernormForward({ inp, weight, bias, eps: config.layer_norm_epsilon });
  return {
    out: forward.out,
    backward(dout: Float64Array) {
      const { dinp, dweight, dbias } = layernormBackward({ dout, inp, weight, ...forward });
      add(`${name}.weight`, dweight);
      add(`${name}.bias`, dbias);
      return dinp;
    },
  };
}

/** A linear layer and its backward, which adds its parameters' gradients. */
function linear({ parameters, batch, add }: Model, name: string, inp: Float64Array) {
  const weight = parameters.get(`${name}.weight`)!, bias = parameters.get(`${name}.bias`)!;
  const rows = batch.inputs.length;
  return {
    out: linearForward({ inp, weight, bias, rows }),
    backward(dout: Float64Array) {
      const { dinp, dweight, dbias } = linearBackward({ dout, inp, weight, rows });
      add(`${name}.weight`, dweight);
      add(`${name}.bias`, dbias);
      return dinp;
    },
  };
}

/** One transformer block: out = middle + mlp(ln_2(middle)), middle = inp + attention(ln_1(inp)). */
function block(model: Model, layer: number, inp: Float64Array) {
  const { config, batch, drop } = model, name = `h.${layer}`;
  const ln1 = layernorm(model, `${name}.ln_1`, inp);
  const qkv = linear(model, `${name}.attn.c_attn`, ln1.out);
  const attention = {
    qkv: qkv.out,
    length: batch.length,
    width: config.n_embd,
    heads: config.n_head,
    dropout: drop(config.attn_pdrop, dropoutSites.attentionWeights(layer)),
  };
  const projection = linear(model, `${name}.attn.c_proj`, attentionForward(attention).out);
  const attentionDrop = drop(config.resid_pdrop, dropoutSites.attentionOutput(layer));
  const middle = residualForward(inp, dropoutForward(projection.out, attentionDrop));

  const ln2 = layernorm(model, `${name}.ln_2`, middle);
  const hidden = linear(model, `${name}.mlp.c_fc`, ln2.out);
  const output = linear(model, `${name}.mlp.c_proj`, geluForward(hidden.out));
  const mlpDrop = drop(config.resid_pdrop, dropoutSites.mlpOutput(layer));
  return {
    out: residualForward(middle, dropoutForward(output.out, mlpDrop)),
    backward(dout: Float64Array): Float64Array {
      const dgelu = output.backward(dropoutForward(dout, mlpDrop));
      const dln2 = hidden.backward(geluBackward(dgelu, hidden.out));
      const dmiddle = residualForward(dout, ln2.backward(dln2));
      const dattention = projection.backward(dropoutForward(dmiddle, attentionDrop));
      const dln1 = qkv.backward(attentionBackward({ ...attention, dout: dattention }));
      return residualForward(dmiddle, ln1.backward(dln1));
    },
  };
}

/** Final LayerNorm, logits against the tied token embedding, and the loss. */
function head(model: Model, inp: Float64Array) {
  const { config, parameters, batch, add } = model;
  const rows = batch.inputs.length, width = config.n_embd, vocabulary = config.vocab_size;
  const ln = layernorm(model, "ln_f", inp), wte = parameters.get("wte.weight")!;
  const logits = matmul({ a: ln.out, b: wte, m: rows, n: vocabulary, k: width, layout: "nt" });
  const { loss, dlogits: a } = crossEntropy({ logits, targets: batch.targets });
  return {
    logits,
    loss,
    backward(): Float64Array {
      const dwte = matmul({ a, b: ln.out, m: vocabulary, n: width, k: rows, layout: "tn" });
      add("wte.weight", dwte);
      return ln.backward(matmul({ a, b: wte, m: rows, n: width, k: vocabulary, layout: "nn" }));
    },
  };
}
