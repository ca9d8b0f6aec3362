/** Every op of a GPT-2 training step at the shapes of one preset, with the work that it does. */

import type { Recorder } from "../../../kernels/core/recorder.ts";
import type { Tensor } from "../../../kernels/core/tensor.ts";
import type { Gpt2Plan } from "../../../kernels/model/plan.ts";
import { adamw, DECAY_BLOCK } from "../../../kernels/ops/adamw.ts";
import { attentionBackward, attentionForward } from "../../../kernels/ops/attention.ts";
import { biasBackward } from "../../../kernels/ops/column_sums.ts";
import { crossEntropy } from "../../../kernels/ops/cross_entropy.ts";
import { type Dropout, dropoutBackward } from "../../../kernels/ops/dropout.ts";
import { embeddingBackward, embeddingForward } from "../../../kernels/ops/embedding.ts";
import { geluBackward } from "../../../kernels/ops/gelu.ts";
import { gradNorm } from "../../../kernels/ops/grad_norm.ts";
import { layernormBackward, residualLayernormForward } from "../../../kernels/ops/layernorm.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";

export interface Operation {
  name: string;
  /** Floating point operations; 0 for ops that only move memory. */
  flops: number;
  /** Bytes that must be read and written at least. */
  bytes: number;
  record(recorder: Recorder): void;
}

export function operations(plan: Gpt2Plan): Operation[] {
  return [...matmuls(plan), ...others(plan)];
}

/** Bytes of an element. */
const width = ({ type }: Tensor) => type === "f16" ? 2 : 4;

function matmuls(
  { blocks: [block], shape, weights, gradients, ...plan }: Gpt2Plan,
): Operation[] {
  const { n_embd: c } = shape, [rows, v] = plan.logits.shape, n = plan.dstream.shape[0];
  const part = (name: string) => ({
    weight: weights.get(`${name}.weight`)!,
    dweight: gradients.parts.get(`${name}.weight`)!,
  });
  const one = (
    name: string,
    layout: "nn" | "nt" | "tn",
    [a, b, out]: [Tensor, Tensor, Tensor],
    [m, n, k]: [number, number, number],
  ): Operation => ({
    name: `matmul ${layout} ${name} ${m}×${n}×${k}`,
    flops: 2 * m * n * k,
    bytes: width(a) * m * k + width(b) * k * n + width(out) * m * n,
    record: (recorder) =>
      matmul(recorder, { layout, epilogue: "store", a, b, m, n, k, tensors: { out } }),
  });
  /** Forward and the two backward products of a linear layer. */
  const linear = (name: string, inp: Tensor, out: Tensor, inputs: number, outputs: number) => {
    const { weight, dweight } = part(name), short = name.replace("h.0.", "");
    return [
      one(short, "nn", [inp, weight, out], [n, outputs, inputs]),
      one(short, "nt", [out, weight, inp], [n, inputs, outputs]),
      one(short, "tn", [inp, out, dweight], [inputs, outputs, n]),
    ];
  };
  const wte = part("wte"), final = plan.lnFinal.out.view([rows, c]);
  return [
    ...linear("h.0.attn.c_attn", block.ln1.out, block.qkv, c, 3 * c),
    ...linear("h.0.attn.c_proj", plan.dnorm, plan.branch, c, c),
    ...linear("h.0.mlp.c_fc", block.ln2.out, block.hidden, c, 4 * c),
    one("head", "nt", [final, wte.weight, plan.logits], [rows, v, c]),
    one("head", "nn", [plan.logits, wte.weight, final], [rows, c, v]),
    one("head", "tn", [plan.logits, final, wte.dweight], [v, c, rows]),
  ];
}

function others(plan: Gpt2Plan): Operation[] {
  const { blocks: [block], shape, batch, seed, workspace } = plan;
  const { n_embd: c, n_positions: t, n_head: heads } = shape, n = batch * t;
  const { parts } = plan.parameters, grads = plan.gradients.parts;
  const dropout = (probability: number): Dropout => ({ probability, site: 1, seed });
  const { weight, bias } = { weight: parts.get("ln_f.weight")!, bias: parts.get("ln_f.bias")! };
  const [rows, v] = plan.logits.shape, dqkv = plan.dwide.view(block.qkv.shape);
  const attention = { qkv: block.qkv, heads, out: block.attention, lse: block.lse };
  const embedded = {
    tokens: plan.inputs,
    wte: parts.get("wte.weight")!,
    wpe: parts.get("wpe.weight")!,
  };
  const stream = (tensor: Tensor) => tensor.view([batch, t, c]);
  const p = plan.parameters.flat.size, real = width(plan.branch);
  return [
    {
      name: "attention forward",
      flops: 2 * batch * t * t * c, // two products, half of each behind the causal mask
      bytes: real * 4 * n * c,
      record: (r) => attentionForward(r, { ...attention, dropout: dropout(shape.attn_pdrop) }),
    },
    {
      name: "attention backward",
      flops: 5 * batch * t * t * c,
      bytes: real * 8 * n * c,
      record: (r) =>
        attentionBackward(r, {
          ...attention,
          dout: stream(plan.dnorm),
          dqkv,
          delta: plan.delta,
          dropout: dropout(shape.attn_pdrop),
        }),
    },
    {
      name: "residual + layernorm",
      flops: 0,
      bytes: 2 * (4 + real) * n * c,
      record: (r) =>
        residualLayernormForward(r, {
          a: block.inp,
          b: plan.branch,
          sum: block.middle,
          weight,
          bias,
          ...block.ln2,
          eps: 1e-5,
          dropout: dropout(shape.resid_pdrop),
        }),
    },
    {
      name: "layernorm backward",
      flops: 0,
      bytes: (4 * 4 + 2 * real) * n * c,
      record: (r) =>
        layernormBackward(r, {
          dout: plan.dnorm,
          inp: block.middle,
          weight,
          ...block.ln2,
          dinp: plan.dstream,
          accumulate: true,
          dweight: grads.get("ln_f.weight")!,
          dbias: grads.get("ln_f.bias")!,
          workspace,
        }),
    },
    {
      name: "gelu backward",
      flops: 0,
      bytes: real * 3 * 4 * n * c,
      record: (r) => geluBackward(r, { inp: block.pre, d: plan.dwide }),
    },
    {
      name: "bias backward",
      flops: 0,
      bytes: real * 4 * n * c,
      record: (r) =>
        biasBackward(r, { dout: plan.dwide, dbias: grads.get("h.0.mlp.c_fc.bias")!, workspace }),
    },
    {
      name: "dropout backward",
      flops: 0,
      bytes: (4 + real) * n * c,
      record: (r) =>
        dropoutBackward(r, { dout: plan.dstream, dinp: plan.branch, dropout: dropout(0.2) }),
    },
    {
      name: `cross-entropy of ${rows} rows`,
      flops: 0,
      bytes: real * 3 * rows * v,
      record: (r) =>
        crossEntropy(r, {
          lossScale: plan.lossScale,
          logits: plan.logits,
          targets: plan.targets,
          losses: plan.losses,
          first: 0,
          gradientScale: 1 / n,
        }),
    },
    {
      name: "embedding forward",
      flops: 0,
      bytes: 4 * 2 * n * c,
      record: (r) =>
        embeddingForward(r, { ...embedded, out: stream(block.inp), dropout: dropout(0) }),
    },
    {
      name: "embedding backward",
      flops: 0,
      bytes: 4 * 3 * n * c,
      record: (r) =>
        embeddingBackward(r, {
          dout: stream(plan.dstream),
          index: plan.tokenIndex,
          dwte: grads.get("wte.weight")!,
          dwpe: grads.get("wpe.weight")!,
          dropout: dropout(0),
        }),
    },
    {
      name: "gradient norm",
      flops: 0,
      bytes: 4 * p,
      record: (r) => gradNorm(r, { grads: [plan.gradients.flat], norm: plan.norm, workspace }),
    },
    {
      name: "adamw",
      flops: 0,
      bytes: 4 * 7 * p,
      record: (r) =>
        adamw(r, {
          param: plan.parameters.flat,
          grad: plan.gradients.flat,
          moment1: plan.moment1.flat,
          moment2: plan.moment2.flat,
          decay: plan.decay.view([p / DECAY_BLOCK]),
          norm: plan.norm,
          step: plan.adamStep,
          beta1: 0.9,
          beta2: 0.95,
          eps: 1e-8,
          maxNorm: 1,
        }),
    },
  ];
}
