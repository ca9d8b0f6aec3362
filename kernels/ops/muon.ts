/**
 * Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon): momentum, made orthogonal by
 * Newton and Schulz's iteration, which consists of our own matrix products. Matrices of one shape
 * are one batch of products: a model of six layers has 24 of (384, 384), each far too small to fill
 * a GPU.
 */

import { defineKernel } from "../core/kernel.ts";
import { type Recorder, spread } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import { type Matmul, matmul } from "./matmul/matmul.ts";
import type { Layout } from "./matmul/operands.ts";
import type { Product } from "./matmul/tilings.ts";
import { defineReduction, type Tuning } from "./reduction.ts";
import momentumWgsl from "./muon_momentum.wgsl" with { type: "text" };
import normalizeWgsl from "./muon_normalize.wgsl" with { type: "text" };
import updateWgsl from "./muon_update.wgsl" with { type: "text" };

export const muonMomentumKernel = defineKernel({
  label: "muon_momentum",
  code: momentumWgsl,
  params: {
    rows: "u32",
    quads: "u32",
    parts: "u32",
    first: "u32",
    momentum: "f32",
    max_norm: "f32",
  },
  bindings: { grad: "read", norm: "read", moment1: "read_write", update: "read_write" },
  overrides: ["WG"],
});

export const muonNormalizeKernel = defineReduction({
  label: "muon_normalize",
  code: normalizeWgsl,
  params: { quads: "u32", eps: "f32" },
  bindings: { x: "read_write" },
});

export const muonUpdateKernel = defineKernel({
  label: "muon_update",
  code: updateWgsl,
  params: { rows: "u32", quads: "u32", parts: "u32", first: "u32", decay: "f32", scale: "f32" },
  bindings: { update: "read", norm: "read", step: "read", param: "read_write" },
  overrides: ["WG"],
});

/** a·x + b·x³ + c·x⁵: Jordan's coefficients, for five rounds. */
const QUINTIC = { a: 3.4445, b: -4.775, c: 2.0315 };
const ROUNDS = 5;
/** The least norm that a matrix is divided by. */
const EPSILON = 1e-7;

/** A batch holds at most so many values, or one parameter: 16 MiB of scratch space four times. */
const BATCH_VALUES = 2 ** 22;

/** Lanes that read a whole matrix: WebGPU's guaranteed maximum. */
const NORMALIZE_WORKGROUP = 256;

/** What `muonScratch` and `muonProducts` need to know of a parameter. */
export interface MuonShape {
  /** (rows, parts · columns); columns a multiple of 4 */
  shape: readonly number[];
  /** Matrices side by side, each made orthogonal by itself: 3 for query, key and value. */
  parts: number;
}

/** One parameter with all that an update reads and replaces. */
export interface MuonMatrix {
  /** (rows, parts · columns) */
  param: Tensor;
  /** The shape of param */
  grad: Tensor;
  /** The shape of param */
  moment1: Tensor;
  parts: number;
}

/** Space for the iteration; each a buffer of its own. */
export interface MuonScratch {
  /** At least `muonScratch().matrices` values each */
  update: Tensor;
  next: Tensor;
  /** At least `muonScratch().grams` values each */
  gram: Tensor;
  polynomial: Tensor;
}

export interface Muon {
  matrices: readonly MuonMatrix[];
  scratch: MuonScratch;
  /** (2): the norm of all gradients, and what they are multiplied by; 0 leaves the step out */
  norm: Tensor;
  /** (3): what `adamwStep` gives; Muon takes the learning rate */
  step: Tensor;
  momentum: number;
  weightDecay: number;
  /** The norm to which gradients are scaled down; 0 turns clipping off. */
  maxNorm: number;
}

interface Batch<T> {
  rows: number;
  columns: number;
  /** Matrices in all, parts counted one by one. */
  count: number;
  members: T[];
}

/** Matrices of one shape together, as far as a batch may hold them. */
function batchesOf<T>(members: readonly T[], shapeOf: (member: T) => MuonShape): Batch<T>[] {
  const batches: Batch<T>[] = [];
  for (const member of members) {
    const { shape: [rows, width], parts } = shapeOf(member), columns = width / parts;
    const room = (batch: Batch<T>) =>
      batch.rows === rows && batch.columns === columns &&
      (batch.count + parts) * rows * columns <= BATCH_VALUES;
    let batch = batches.find(room);
    if (!batch) batches.push(batch = { rows, columns, count: 0, members: [] });
    batch.members.push(member);
    batch.count += parts;
  }
  return batches;
}

/** Values that the scratch tensors of these parameters must hold. */
export function muonScratch(shapes: readonly MuonShape[]): { matrices: number; grams: number } {
  const batches = batchesOf(shapes, (shape) => shape);
  return {
    matrices: Math.max(...batches.map(({ rows, columns, count }) => count * rows * columns)),
    grams: Math.max(
      ...batches.map(({ rows, columns, count }) => count * sideOf(rows, columns) ** 2),
    ),
  };
}

const sideOf = (rows: number, columns: number) => Math.min(rows, columns);

/** The three products of a round. A taller matrix is multiplied from the right instead of the left. */
function roundOf(rows: number, columns: number) {
  const side = sideOf(rows, columns), long = Math.max(rows, columns);
  const tall = rows > columns;
  const gramLayout: Layout = tall ? "tn" : "nt";
  return {
    gram: { layout: gramLayout, m: side, n: side, k: long },
    polynomial: { layout: "nn", m: side, n: side, k: side },
    apply: { layout: "nn", m: rows, n: columns, k: side },
    tall,
  } as const;
}

/** The different products of an update, for autotune. */
export const muonProducts = (shapes: readonly MuonShape[]): Product[] =>
  batchesOf(shapes, (shape) => shape).flatMap(({ rows, columns }) => {
    const { gram, polynomial, apply } = roundOf(rows, columns);
    return [gram, polynomial, apply].map((product) => ({ type: "f32", ...product }) as const);
  });

/** As in kernels/reference/muon.ts. */
const scaleOf = (rows: number, columns: number) => 0.2 * Math.sqrt(Math.max(rows, columns));

/** One update of all parameters and their momentum. */
export function muon(recorder: Recorder, options: Muon, tuning: Tuning = {}): void {
  expectShape("norm", options.norm, [2]);
  expectShape("step", options.step, [3]);
  for (const { param, grad, moment1 } of options.matrices) {
    expectShape("grad", grad, param.shape);
    expectShape("moment1", moment1, param.shape);
  }
  const shapeOf = ({ param: { shape }, parts }: MuonMatrix) => ({ shape, parts });
  for (const batch of batchesOf(options.matrices, shapeOf)) {
    updateBatch(recorder, options, batch, tuning);
  }
}

function updateBatch(
  recorder: Recorder,
  { scratch, norm, step, momentum, weightDecay, maxNorm }: Muon,
  { rows, columns, count, members }: Batch<MuonMatrix>,
  { workgroup = 64 }: Tuning,
): void {
  if (columns % 4 !== 0) throw new RangeError(`Muon needs columns by fours, not ${columns}`);
  const quads = columns / 4, update = scratch.update.view([count, rows, columns]);
  const placed = members.map((member, i) => ({
    ...member,
    params: {
      rows,
      quads,
      parts: member.parts,
      first: members.slice(0, i).reduce((sum, { parts }) => sum + parts, 0),
    },
    workgroups: spread(Math.ceil(member.parts * rows * quads / workgroup)),
  }));
  for (const { grad, moment1, params, workgroups } of placed) {
    recorder.dispatch(muonMomentumKernel, {
      params: { ...params, momentum, max_norm: maxNorm },
      tensors: { grad, norm, moment1, update },
      overrides: { WG: workgroup },
      workgroups,
    });
  }
  const orthogonal = orthogonalize(recorder, scratch, { rows, columns, count });
  for (const { param, params, workgroups } of placed) {
    recorder.dispatch(muonUpdateKernel, {
      params: { ...params, decay: weightDecay, scale: scaleOf(rows, columns) },
      tensors: { update: orthogonal, norm, step, param },
      overrides: { WG: workgroup },
      workgroups,
    });
  }
}

/**
 * Makes the (count, rows, columns) matrices in `scratch.update` about orthogonal; returns where they
 * are then. X ← X / ‖X‖, then five times X ← aX + (bA + cA²)X with A = X·Xᵀ.
 */
export function orthogonalize(
  recorder: Recorder,
  scratch: MuonScratch,
  { rows, columns, count }: { rows: number; columns: number; count: number },
): Tensor {
  const side = sideOf(rows, columns), { tall, ...round } = roundOf(rows, columns);
  const gram = scratch.gram.view([count, side, side]);
  const polynomial = scratch.polynomial.view([count, side, side]);
  let x = scratch.update.view([count, rows, columns]);
  let next = scratch.next.view([count, rows, columns]);
  const { kernel, overrides } = muonNormalizeKernel.choose(recorder.gpu, {
    workgroup: NORMALIZE_WORKGROUP,
  });
  recorder.dispatch(kernel, {
    params: { quads: rows * columns / 4, eps: EPSILON },
    tensors: { x },
    overrides,
    workgroups: [count],
  });
  const product = (given: Omit<Matmul, "batch">) => matmul(recorder, { ...given, batch: count });
  for (let i = 0; i < ROUNDS; i++) {
    product({ ...round.gram, epilogue: "store", a: x, b: x, tensors: { out: gram } });
    product({
      ...round.polynomial,
      epilogue: "combine",
      factors: { product: QUINTIC.c, addend: QUINTIC.b },
      a: gram,
      b: gram,
      tensors: { out: polynomial, addend: gram },
    });
    product({
      ...round.apply,
      epilogue: "combine",
      factors: { product: 1, addend: QUINTIC.a },
      a: tall ? x : polynomial,
      b: tall ? polynomial : x,
      tensors: { out: next, addend: x },
    });
    [x, next] = [next, x];
  }
  return x;
}
