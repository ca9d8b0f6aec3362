/**
 * What all matmul kernels share: layouts, how tiles are read, and what happens to a finished value.
 * A kernel is assembled from `preamble` and one of the tilings (tile_shared.ts, tile_direct.ts).
 */

/**
 * Out (M, N) = A · B with reduction over K. As in BLAS, `t` marks an operand stored transposed:
 *   nn  A (M, K), B (K, N)   forward, out = inp · weight
 *   nt  A (M, K), B (N, K)   dinp = dout · weightᵀ; logits = inp · wteᵀ
 *   tn  A (K, M), B (K, N)   dweight = inpᵀ · dout
 */
export type Layout = "nn" | "nt" | "tn";

/** What is done with a finished element `v` in (row, column) of out. */
export type Epilogue =
  /** out = v */
  | "store"
  /** out += v */
  | "accumulate"
  /** out = v + bias */
  | "bias"
  /** pre = v + bias; out = gelu(pre) */
  | "bias_gelu";

/** Which arrays are read and written four values at a time: their rows are multiples of 4. */
export interface Vectors {
  a: boolean;
  b: boolean;
  out: boolean;
}

export interface MatmulText {
  layout: Layout;
  epilogue: Epilogue;
  vectors: Vectors;
}

/** The bindings of each epilogue, in order, after `a` and `b`. */
export const epilogueBindings = {
  store: { out: "read_write" },
  accumulate: { out: "read_write" },
  bias: { out: "read_write", bias: "read" },
  bias_gelu: { out: "read_write", bias: "read", pre: "read_write" },
} as const;

/** Bindings, `load_a`, `load_b` and `finish`: everything but the tiling. */
export function preamble({ layout, epilogue, vectors }: MatmulText): string {
  const aRows = layout === "tn" ? "params.k" : "params.m";
  const aColumns = layout === "tn" ? "params.m" : "params.k";
  const bRows = layout === "nt" ? "params.n" : "params.k";
  const bColumns = layout === "nt" ? "params.k" : "params.n";
  return `
// Workgroups of slice z take the steps of k from z · chunk on, and write the z-th of (slices, m, n).
struct Params { m: u32, n: u32, k: u32, chunk: u32 }
var<private> slice: u32;
@group(0) @binding(0) var<uniform> params: Params;
${binding(1, "a", "read", vectors.a)}
${binding(2, "b", "read", vectors.b)}
${
    Object.entries(epilogueBindings[epilogue])
      .map(([name, access], i) => binding(3 + i, name, access, vectors.out)).join("\n")
  }
${loader("a", aRows, aColumns, layout === "tn" ? "row" : "column", vectors.a)}
${loader("b", bRows, bColumns, layout === "nt" ? "column" : "row", vectors.b)}
${finish(epilogue, vectors.out)}`;
}

const binding = (index: number, name: string, access: string, vectors: boolean) =>
  `@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${
    vectors ? "vec4f" : "f32"
  }>;`;

/**
 * `load_x(row, column)`: four neighbours of one row. Past the end of m or n any value will do (its
 * product is never stored); past the end of k, A yields zeros.
 */
function loader(name: "a" | "b", rows: string, columns: string, k: string, vectors: boolean) {
  const zero = name === "a" ? `select(vec4f(), v, ${k} < params.k)` : "v";
  if (vectors) {
    return `
fn load_${name}(row: u32, column: u32) -> vec4f {
  let v = ${name}[(min(row, ${rows} - 1u) * ${columns} + min(column, ${columns} - 4u)) >> 2u];
  return ${zero};
}`;
  }
  const lanes = [0, 1, 2, 3].map((i) =>
    `select(0.0, ${name}[at + ${i}u], column + ${i}u < ${columns})`
  );
  return `
fn load_${name}(row: u32, column: u32) -> vec4f {
  let at = min(row, ${rows} - 1u) * ${columns} + column;
  let v = vec4f(${lanes.join(", ")});
  return ${k === "row" ? zero : "v"};
}`;
}

const gelu = `
// gelu(x) = x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))), clamped where tanh is 1 in f32.
fn gelu(x: T) -> T {
  let u = 0.7978845608028654 * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1.0 + tanh(clamp(u, T(-15.0), T(15.0))));
}`;

/** `finish(row, column, v)`: applies the epilogue to four neighbours of one row and stores them. */
function finish(epilogue: Epilogue, vectors: boolean): string {
  const statement = {
    store: "out[at] = v;",
    accumulate: "out[at] += v;",
    bias: "out[at] = v + bias[column];",
    bias_gelu: "let x = v + bias[column]; pre[at] = x; out[at] = gelu(x);",
  }[epilogue];
  const math = epilogue === "bias_gelu" ? gelu.replaceAll("T", vectors ? "vec4f" : "f32") : "";
  if (vectors) {
    return `${math}
fn finish(row: u32, first: u32, v: vec4f) {
  if (row >= params.m || first >= params.n) { return; }
  let at = ((slice * params.m + row) * params.n + first) >> 2u;
  let column = first >> 2u;
  ${statement}
}`;
  }
  return `${math}
fn finish_one(row: u32, column: u32, v: f32) {
  if (row >= params.m || column >= params.n) { return; }
  let at = (slice * params.m + row) * params.n + column;
  ${statement}
}
fn finish(row: u32, first: u32, v: vec4f) {
  finish_one(row, first, v.x);
  finish_one(row, first + 1u, v.y);
  finish_one(row, first + 2u, v.z);
  finish_one(row, first + 3u, v.w);
}`;
}
