/**
 * GPT-2's training step as one ONNX graph: forward pass, loss, backward pass, gradient clipping
 * and AdamW or Muon. N = batchSize · n_positions; a parameter's tensors have its shape in the table.
 *
 * | input                             | type    |                                              |
 * |-----------------------------------|---------|----------------------------------------------|
 * | input_ids, targets                | int32   | (N)                                          |
 * | keep.K                            | bool    | dropout masks, if `dropout`: see dropout.ts  |
 * | parameter.NAME                    | float32 |                                              |
 * | gradient.NAME                     | float32 | if `accumulate`: added to this one's         |
 * | moment1.NAME, moment2.NAME        | float32 | if `update`; no second where Muon is at work |
 * | share, decay, learning_rate, step_size, epsilon | float32 | (), if `update`: see adamw.ts  |
 *
 * | output                            |                                                        |
 * |-----------------------------------|--------------------------------------------------------|
 * | loss                              | (): mean cross-entropy of this micro-batch in nats     |
 * | new.gradient.NAME                 | if not `update`: summed over the micro-batches so far  |
 * | norm                              | (), if `update`: of the mean gradient before clipping  |
 * | new.parameter.NAME, new.moment1.NAME, new.moment2.NAME | if `update`                       |
 */

import type { GptConfig } from "../../lib/gpt/config.ts";
import { type Parameter, parameterTable } from "../../lib/gpt/model/parameters.ts";
import { type F32, GraphBuilder, type Index } from "../../lib/gpt/onnx/builder.ts";
import { isMuons, type Optimizer, SCALARS, update } from "./adamw.ts";
import { attention } from "./attention.ts";
import { dropout, dropoutMasks, type Mask } from "./dropout.ts";
import { embedding, tiedHead } from "./embedding.ts";
import { gelu } from "./gelu.ts";
import type { Layer, Tape } from "./layer.ts";
import { layerNorm, linear, normLinear } from "./linear.ts";

export interface TrainingGraphOptions {
  config: GptConfig;
  batchSize: number;
  dropout: boolean;
  accumulate: boolean;
  update?: Optimizer;
}

export interface TrainingGraph {
  file: Uint8Array<ArrayBuffer>;
  /** What has to be fed anew for every micro-batch. */
  masks: readonly Mask[];
}

export function trainingGraph(options: TrainingGraphOptions): TrainingGraph {
  const { config, batchSize } = options;
  const g = new GraphBuilder("gpt2_training");
  const inputs = (group: string, has: (row: Parameter) => boolean = () => true) =>
    new Map(
      parameterTable(config).filter(has).map(({ name, shape }) => [
        name,
        g.input(`${group}.${name}`, "float32", shape),
      ]),
    );
  const parameters = inputs("parameter");
  const gradients = new Map<string, F32>();
  const { masks, drop } = dropoutMasks(g, options.dropout);
  const tape: Tape = {
    g,
    config,
    batchSize,
    parameter: (name) => parameters.get(name)!,
    gradient: (name, value) => gradients.set(name, value),
    drop,
  };
  const rows = batchSize * config.n_positions;
  const ids = g.input("input_ids", "int32", [rows]);
  const targets = g.input("targets", "int32", [rows]);
  g.output("loss", forwardAndBackward(tape, ids, targets), []);
  if (options.accumulate) {
    for (const [name, earlier] of inputs("gradient")) {
      gradients.set(name, g.add(earlier, gradients.get(name)!));
    }
  }
  if (options.update) {
    const { update } = options;
    const moment2 = inputs("moment2", (row) => !isMuons(update, row));
    addUpdate(tape, gradients, { moment1: inputs("moment1"), moment2 }, update);
  } else {
    for (const { name, shape } of parameterTable(config)) {
      g.output(`new.gradient.${name}`, gradients.get(name)!, shape);
    }
  }
  return { file: g.toBytes(), masks };
}

/** Adds both passes, which note every parameter's gradient on the tape; returns the loss. */
function forwardAndBackward(tape: Tape, ids: Index, targets: Index): F32 {
  const { g, config, batchSize } = tape;
  const shape = [batchSize * config.n_positions, config.n_embd];
  const tokens = embedding(tape, ids);
  const first = dropout(tape, tokens.out, shape, config.embd_pdrop);
  let x = first.out;
  const backward: ((dx: F32) => F32)[] = [];
  for (let layer = 0; layer < config.n_layer; layer++) {
    for (const branch of [attentionBranch, mlpBranch]) {
      g.scope = `h.${layer}.`;
      const { out, backward: branchBackward } = branch(tape, x, `h.${layer}`);
      const dropped = dropout(tape, out, shape, config.resid_pdrop);
      x = g.add(x, dropped.out);
      backward.push((dx) => {
        g.scope = `h.${layer}.d.`;
        return g.add(dx, branchBackward(dropped.backward(dx)));
      });
    }
  }
  g.scope = "";
  const norm = layerNorm(tape, x, "ln_f");
  const head = tiedHead(tape, norm.out, targets);
  const { dhidden, dtable } = head.backward();
  const dx = backward.reduceRight((dx, step) => step(dx), norm.backward(dhidden));
  g.scope = "";
  tokens.backward(first.backward(dx), dtable);
  return head.loss;
}

function attentionBranch(tape: Tape, x: F32, block: string): Layer {
  const qkv = normLinear(tape, x, `${block}.ln_1`, `${block}.attn.c_attn`);
  const heads = attention(tape, qkv.out);
  const projection = linear(tape, heads.out, `${block}.attn.c_proj`);
  return {
    out: projection.out,
    backward: (dout) => qkv.backward(heads.backward(projection.backward(dout))),
  };
}

function mlpBranch(tape: Tape, x: F32, block: string): Layer {
  const inner = normLinear(tape, x, `${block}.ln_2`, `${block}.mlp.c_fc`);
  const active = gelu(tape, inner.out);
  const projection = linear(tape, active.out, `${block}.mlp.c_proj`);
  return {
    out: projection.out,
    backward: (dout) => inner.backward(active.backward(projection.backward(dout))),
  };
}

function addUpdate(
  { g, config, parameter }: Tape,
  gradients: Map<string, F32>,
  moments: Record<"moment1" | "moment2", Map<string, F32>>,
  optimizer: Optimizer,
): void {
  const table = parameterTable(config);
  const scalars = Object.fromEntries(
    SCALARS.map((name) => [name, g.input(name, "float32", [])]),
  ) as Record<typeof SCALARS[number], F32>;
  const tensors = table.map(({ name, shape, decay, muon }) => ({
    shape,
    parts: muon,
    parameter: parameter(name),
    gradient: gradients.get(name)!,
    moment1: moments.moment1.get(name)!,
    moment2: moments.moment2.get(name),
    decayed: decay,
  }));
  const { norm, updated } = update(g, tensors, scalars, optimizer);
  g.output("norm", norm, []);
  for (const [i, { name, shape }] of table.entries()) {
    for (const kind of ["parameter", "moment1", "moment2"] as const) {
      const value = updated[i][kind];
      if (value) g.output(`new.${kind}.${name}`, value, shape);
    }
  }
}
