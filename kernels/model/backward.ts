/** The backward pass of GPT-2 as a recording: the forward pass read from its end. */

import type { Recorder } from "../core/recorder.ts";
import type { Tensor } from "../core/tensor.ts";
import { attentionBackward } from "../ops/attention.ts";
import { biasBackward } from "../ops/column_sums.ts";
import { type Dropout, dropoutBackward } from "../ops/dropout.ts";
import { embeddingBackward } from "../ops/embedding.ts";
import { geluBackward } from "../ops/gelu.ts";
import { layernormBackward } from "../ops/layernorm.ts";
import { headBackward, linearBackward } from "../ops/matmul/linear.ts";
import {
  type LogitChunk,
  type ModelDropout,
  recordBlock,
  recordFirstNorm,
  weightAndBias,
} from "./forward.ts";
import type { Gpt2Plan, Norm } from "./plan.ts";

/** dlogits → gradient of the final LayerNorm's output (into dnorm) and of wte. */
export function recordLogitsBackward(recorder: Recorder, plan: Gpt2Plan, chunk: LogitChunk): void {
  const { weights, gradients, dnorm, workspace, shape: { n_embd: c } } = plan;
  headBackward(recorder.group("matmul"), {
    dlogits: chunk.logits,
    inp: chunk.inp,
    wte: weights.get("wte.weight")!,
    dinp: dnorm.view(chunk.inp.shape, chunk.first * c),
    dwte: gradients.parts.get("wte.weight")!,
    workspace,
  });
}

/** Records everything from the final LayerNorm back; parameter gradients are added up. */
export function recordBackward(recorder: Recorder, plan: Gpt2Plan, dropout: ModelDropout): void {
  const { shape, gradients, blocks, dstream, dnorm } = plan;
  const steps = new BackwardSteps(recorder, plan);

  steps.norm("ln_f", plan.stream, plan.lnFinal, { accumulate: false });
  for (let layer = blocks.length - 1; layer >= 0; layer--) {
    const block = blocks[layer], name = `h.${layer}`;
    if (plan.recompute && layer < blocks.length - 1) { // the last one's are still there
      recordFirstNorm(recorder, plan, layer);
      recordBlock(recorder, plan, dropout, layer);
    }
    const dhidden = plan.dwide;
    const dmlp = steps.dropout(dropout.mlpOutput(layer));
    steps.linear(`${name}.mlp.c_proj`, { dout: dmlp, inp: block.hidden, dinp: dhidden });
    geluBackward(recorder.group("gelu"), { inp: block.pre, d: dhidden });
    steps.linear(`${name}.mlp.c_fc`, { dout: dhidden, inp: block.ln2.out, dinp: dnorm });
    steps.norm(`${name}.ln_2`, block.middle, block.ln2, { accumulate: true });

    const dprojection = steps.dropout(dropout.attentionOutput(layer));
    const dattention = dnorm.view(block.attention.shape);
    steps.linear(`${name}.attn.c_proj`, {
      dout: dprojection,
      inp: block.attention,
      dinp: dattention,
    });
    const dqkv = plan.dwide.view(block.qkv.shape);
    attentionBackward(recorder.group("attention"), {
      dout: dattention,
      qkv: block.qkv,
      out: block.attention,
      lse: block.lse,
      delta: plan.delta,
      heads: shape.n_head,
      dqkv,
      dropout: dropout.attentionWeights(layer),
    });
    steps.linear(`${name}.attn.c_attn`, { dout: dqkv, inp: block.ln1.out, dinp: dnorm });
    steps.norm(`${name}.ln_1`, block.inp, block.ln1, { accumulate: true });
  }
  embeddingBackward(recorder.group("embedding"), {
    dout: dstream.view([plan.batch, shape.n_positions, shape.n_embd]),
    index: plan.tokenIndex,
    dwte: gradients.parts.get("wte.weight")!,
    dwpe: gradients.parts.get("wpe.weight")!,
    dropout: dropout.embedding,
  });
}

/** The steps that every block repeats, each with its parameters' gradients. */
class BackwardSteps {
  constructor(readonly recorder: Recorder, readonly plan: Gpt2Plan) {}

  /** The gradient of a branch before its dropout, in its precision: dstream itself where it can be. */
  dropout(dropout: Dropout): Tensor {
    const { dstream: dout, branch: dinp } = this.plan;
    if (dropout.probability === 0 && dinp.type === dout.type) return dout;
    dropoutBackward(this.recorder.group("dropout"), { dout, dinp, dropout });
    return dinp;
  }

  linear(name: string, { dout, inp, dinp }: { dout: Tensor; inp: Tensor; dinp: Tensor }): void {
    const { weights, gradients, workspace } = this.plan;
    const { weight } = weightAndBias(weights, name);
    const { weight: dweight, bias: dbias } = weightAndBias(gradients.parts, name);
    linearBackward(this.recorder.group("matmul"), {
      dout,
      inp,
      weight,
      dinp,
      dweight,
      workspace,
    });
    biasBackward(this.recorder.group("bias"), { dout, dbias, workspace });
  }

  /** dnorm → dstream, added to what came past the branch. */
  norm(name: string, inp: Tensor, { mean, rstd }: Norm, { accumulate }: { accumulate: boolean }) {
    const { parameters, gradients, workspace, dnorm, dstream } = this.plan;
    const { weight } = weightAndBias(parameters.parts, name);
    const { weight: dweight, bias: dbias } = weightAndBias(gradients.parts, name);
    layernormBackward(this.recorder.group("layernorm"), {
      dout: dnorm,
      inp,
      weight,
      mean,
      rstd,
      dinp: dstream,
      accumulate,
      dweight,
      dbias,
      workspace,
    });
  }
}
