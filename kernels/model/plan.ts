/**
 * Every buffer of a GPT-2 training step, planned before the first one.
 *
 * B sequences of T tokens, N = B · T rows, width C, V token ids, NH heads.
 */

import { Arena } from "../core/arena.ts";
import type { Tensor } from "../core/tensor.ts";
import { biasBackwardWorkspace } from "../ops/column_sums.ts";
import { DECAY_BLOCK } from "../ops/adamw.ts";
import { type MuonScratch, muonScratch, type MuonShape } from "../ops/muon.ts";
import { productWorkspace } from "../ops/matmul/matmul.ts";
import { gradNormWorkspace } from "../ops/grad_norm.ts";
import {
  layernormBackwardWorkspace,
  rowStatistics,
  rowStatisticsLength,
} from "../ops/layernorm.ts";
import { tokenIndexLength } from "../ops/token_index.ts";

/** The fields of Hugging Face's `GPT2Config` that decide what is computed. */
export interface ModelShape {
  /** V: token ids */
  vocab_size: number;
  /** T: tokens of a sequence */
  n_positions: number;
  /** C: width */
  n_embd: number;
  /** Blocks */
  n_layer: number;
  /** NH: attention heads of a block; C / NH must be a multiple of 4 */
  n_head: number;
  /** Added to the variance */
  layer_norm_epsilon: number;
  /** Dropout behind the embeddings */
  embd_pdrop: number;
  /** Dropout of attention weights */
  attn_pdrop: number;
  /** Dropout of what is added to the residual stream */
  resid_pdrop: number;
}

/** One row of the parameter table. */
export interface ParameterSpec {
  /** By Hugging Face, without `transformer.` */
  name: string;
  /** Row-major */
  shape: readonly number[];
  /** Weight decay is for matrices only. */
  decay: boolean;
  /**
   * Matrices side by side that Muon makes orthogonal one by one, where it is the optimizer; 0 or
   * absent: the parameter is AdamW's in any case.
   */
  muon?: number;
}

/** A LayerNorm's output and what its backward needs. */
export interface Norm {
  /** (N, C) */
  out: Tensor;
  /** (N) */
  mean: Tensor;
  /** (N) */
  rstd: Tensor;
  /** Both, as `rowStatistics` has them */
  stats: Tensor;
}

/** What one block's forward pass leaves behind for its backward pass. */
export interface BlockActivations {
  /** (N, C): the residual stream on entry; the block before writes it. */
  inp: Tensor;
  ln1: Norm;
  /** (B, T, 3C) */
  qkv: Tensor;
  /** (B, T, C) */
  attention: Tensor;
  /** (B, NH, T): log Σ exp of the attention scores */
  lse: Tensor;
  /** (N, C): the residual stream behind attention */
  middle: Tensor;
  ln2: Norm;
  /** (N, 4C): before GELU */
  pre: Tensor;
  /** (N, 4C): behind GELU */
  hidden: Tensor;
}

/** Many tensors in one buffer, by name. */
export interface Pack {
  flat: Tensor;
  parts: Map<string, Tensor>;
}

/** What a plan is made for. */
export interface PlanOptions {
  /** Of the model */
  shape: ModelShape;
  /** Every parameter; all of them together make up one buffer. */
  table: readonly ParameterSpec[];
  /** Sequences per micro-batch. */
  batch: number;
  /**
   * Keep only the stream at the entry of each block, and run the block forward again before its
   * backward pass: activations of one block instead of all, for about a third more time.
   */
  recompute?: boolean;
  /** Whether Muon updates the matrices that the table says; AdamW updates all if absent. */
  muon?: boolean;
  /**
   * Where weights of products, activations and their gradients are f16. Masters, optimizer, weight
   * gradients, the residual stream and all sums are f32 in either case.
   */
  precision?: Precision;
}

/** Floating-point numbers of 32 or 16 bits. */
export type Precision = "f32" | "f16";

export interface Gpt2Plan {
  arena: Arena;
  precision: Precision;
  batch: number;
  /** All blocks share one set of activations, but for `inp`. */
  recompute: boolean;
  shape: ModelShape;
  parameters: Pack;
  /** The matrices that products read: the parameters themselves, or their copies in f16. */
  weights: Map<string, Tensor>;
  gradients: Pack;
  moment1: Pack;
  moment2: Pack;
  /** Weight decay of every 64 parameters; −1 where Muon is at work. */
  decay: Tensor;
  /** Where Muon is at work, and its space; null with AdamW alone. */
  muon: { names: Map<string, MuonShape>; scratch: MuonScratch } | null;
  /** (B, T) i32 */
  inputs: Tensor;
  /** (B, T) i32 */
  targets: Tensor;
  /** (3 N) u32 */
  tokenIndex: Tensor;
  /** (1) u32 */
  seed: Tensor;
  /** (3): learning rate and bias corrections */
  adamStep: Tensor;
  blocks: BlockActivations[];
  /** (N, C): the residual stream behind the last block */
  stream: Tensor;
  lnFinal: Norm;
  /** (rows, V): logits of some rows, then their gradient */
  logits: Tensor;
  /** (N) */
  losses: Tensor;
  /** (1): mean loss of the step */
  loss: Tensor;
  /** (2): norm of the step's gradient, and what adamw multiplies the gradient by */
  norm: Tensor;
  /** (3): see loss_scale.wgsl; all ones in f32 */
  lossScale: Tensor;
  /** (N, C): what a branch adds to the stream; in backward, its gradient */
  branch: Tensor;
  /** (N, C): gradient of the residual stream */
  dstream: Tensor;
  /** (N, C): gradient of a LayerNorm's or attention's output */
  dnorm: Tensor;
  /** (N, 4C): gradient of the MLP's hidden layer, or in its first 3C columns' worth of qkv */
  dwide: Tensor;
  /** (B, NH, T): attention's rowsum(dout ∘ out) */
  delta: Tensor;
  workspace: Tensor;
}

/** Matrices that are factors of products; the positions are only looked up. */
const isFactor = ({ name, shape }: ParameterSpec) => shape.length === 2 && name !== "wpe.weight";

/** Logits are computed for as many rows at a time as fit into this. */
const LOGITS_BYTES = 128 * 2 ** 20;

/** Rows of a chunk: a multiple of 64, so that every chunk of rows starts aligned for binding. */
function logitRows(rows: number, vocabulary: number): number {
  const fitting = Math.floor(LOGITS_BYTES / (4 * vocabulary) / 64) * 64;
  return Math.min(rows, Math.max(fitting, 64));
}

/** Plans without asking the device for anything. */
export function planGpt2(
  { shape, table, batch, recompute = false, precision = "f32", muon = false }: PlanOptions,
): Gpt2Plan {
  const { vocab_size: v, n_positions: t, n_embd: c, n_layer, n_head } = shape;
  const rows = batch * t;
  const arena = new Arena();
  const bands = table.map((row) => ({ ...row, banded: row.name === "wte.weight" }));
  const parameters = arena.pack("parameters", "parameters", bands);
  const weights = precision === "f32" ? parameters.parts : new Map(
    table.filter(isFactor).map(({ name, shape }) => [
      name,
      arena.tensor("parameters", `${name} in f16`, shape, "f16"),
    ]),
  );
  const gradients = arena.pack("gradients", "gradients", bands);
  const moment1 = arena.pack("optimizer", "moment1", bands);
  const moment2 = arena.pack("optimizer", "moment2", bands);
  const decay = arena.tensor("optimizer", "decay", [parameters.flat.size / DECAY_BLOCK]);

  const matrices = new Map(
    table.filter((row) => row.muon).map(({ name, shape, muon }) => [name, { shape, parts: muon! }]),
  );

  const act = (label: string, ...shape: number[]) => arena.tensor("activations", label, shape);
  const real = (label: string, ...shape: number[]) =>
    arena.tensor("activations", label, shape, precision);
  const norm = (label: string): Norm => {
    const stats = act(`${label}.stats`, rowStatisticsLength(rows));
    return { out: real(label, rows, c), stats, ...rowStatistics(stats, rows) };
  };
  const activations = (name: string): Omit<BlockActivations, "inp"> => {
    return {
      ln1: norm(`${name}.ln_1`),
      qkv: real(`${name}.qkv`, batch, t, 3 * c),
      attention: real(`${name}.attention`, batch, t, c),
      lse: act(`${name}.lse`, batch, n_head, t),
      middle: act(`${name}.middle`, rows, c),
      ln2: norm(`${name}.ln_2`),
      pre: real(`${name}.pre`, rows, 4 * c),
      hidden: real(`${name}.hidden`, rows, 4 * c),
    };
  };
  const common = recompute ? activations("h") : null;
  const blocks = Array.from({ length: n_layer }, (_, layer): BlockActivations => ({
    inp: act(`h.${layer}.inp`, rows, c),
    ...(common ?? activations(`h.${layer}`)),
  }));

  const work = (label: string, ...shape: number[]) => arena.tensor("workspace", label, shape);
  const realWork = (label: string, ...shape: number[]) =>
    arena.tensor("workspace", label, shape, precision);
  const input = (label: string, type: "i32" | "u32" | "f32", ...shape: number[]) =>
    arena.tensor("workspace", label, shape, type);
  const workspace = Math.max(
    ...[3 * c, c, 4 * c].map((outputs) => productWorkspace(c, outputs, rows)),
    productWorkspace(v, c, logitRows(rows, v)),
    biasBackwardWorkspace(rows, 4 * c),
    layernormBackwardWorkspace(rows, c),
    gradNormWorkspace([gradients.flat]),
  );
  return {
    arena,
    precision,
    batch,
    recompute,
    shape,
    parameters,
    weights,
    gradients,
    moment1,
    moment2,
    decay,
    muon: muon ? { names: matrices, scratch: planScratch(arena, [...matrices.values()]) } : null,
    blocks,
    stream: act("stream", rows, c),
    lnFinal: norm("ln_f"),
    inputs: input("inputs", "i32", batch, t),
    targets: input("targets", "i32", batch, t),
    tokenIndex: input("token_index", "u32", tokenIndexLength(rows)),
    seed: input("seed", "u32", 1),
    adamStep: input("adam_step", "f32", 3),
    logits: realWork("logits", logitRows(rows, v), v),
    losses: input("losses", "f32", batch, t),
    loss: work("loss", 1),
    norm: work("norm", 2),
    lossScale: work("loss_scale", 3),
    branch: realWork("branch", rows, c),
    dstream: work("dstream", rows, c),
    dnorm: realWork("dnorm", rows, c),
    dwide: realWork("dwide", rows, 4 * c),
    delta: work("delta", batch, n_head, t),
    workspace: work("workspace", workspace),
  };
}

function planScratch(arena: Arena, shapes: readonly MuonShape[]): MuonScratch {
  const { matrices, grams } = muonScratch(shapes);
  const plan = (label: string, size: number) => arena.tensor("optimizer", `muon ${label}`, [size]);
  return {
    update: plan("update", matrices),
    next: plan("next", matrices),
    gram: plan("gram", grams),
    polynomial: plan("polynomial", grams),
  };
}

/** Consecutive chunks of at most `size` rows. */
export function rowChunks(rows: number, size: number): { first: number; count: number }[] {
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({
    first: i * size,
    count: Math.min(size, rows - i * size),
  }));
}
