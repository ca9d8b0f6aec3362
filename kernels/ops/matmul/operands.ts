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
  | "bias_gelu"
  /** out = product · v + addend · (the addend's value there), by the text's factors */
  | "combine";

export type Real = "f32" | "f16";

/** Which arrays are read and written four values at a time: their rows are multiples of 4. */
export interface Vectors {
  a: boolean;
  b: boolean;
  out: boolean;
}

/** Element types: a, b and pre are stored in `operands`, out in `out`; bias is always f32. */
export interface Types {
  operands: Real;
  out: Real;
  /**
   * In f16, products and sums of a few of them are f16, and only these are added up in f32: GPUs
   * compute two f16 values in the time of one f32. In f32, f16 operands are converted when read.
   */
  arithmetic: Real;
}

export interface MatmulText {
  layout: Layout;
  epilogue: Epilogue;
  vectors: Vectors;
  /** K and every slice of it are multiples of all tilings' steps: nothing is cut off at its end. */
  whole: boolean;
  types: Types;
  /** The factors of `combine`; 1 and 1 if absent. */
  factors?: Factors;
  /**
   * Workgroups of slice z compute the z-th product of a batch: a (batch, M, K), b (batch, K, N), out
   * (batch, M, N), one behind the other. Without it slices are parts of k.
   */
  batched?: boolean;
}

/** What `combine` multiplies the product and the addend by. */
export interface Factors {
  product: number;
  addend: number;
}

/** The bindings of each epilogue, in order, after `a` and `b`. */
export const epilogueBindings = {
  store: { out: "read_write" },
  accumulate: { out: "read_write" },
  bias: { out: "read_write", bias: "read" },
  bias_gelu: { out: "read_write", bias: "read", pre: "read_write" },
  combine: { out: "read_write", addend: "read" },
} as const;

/** Bindings, `load_a`, `load_b` and `finish`: everything but the tiling. */
export function preamble(text: MatmulText): string {
  const { layout, epilogue, vectors, whole, types } = text;
  const aRows = layout === "tn" ? "params.k" : "params.m";
  const aColumns = layout === "tn" ? "params.m" : "params.k";
  const bRows = layout === "nt" ? "params.n" : "params.k";
  const bColumns = layout === "nt" ? "params.k" : "params.n";
  const { operands, out, arithmetic } = types;
  const a: Operand = {
    name: "a",
    rows: aRows,
    columns: aColumns,
    stride: "params.a_stride",
    from: startOf("a", text),
    k: layout === "tn" ? "row" : "column",
  };
  const b: Operand = {
    name: "b",
    rows: bRows,
    columns: bColumns,
    stride: bColumns,
    from: startOf("b", text),
    k: layout === "nt" ? "column" : "row",
  };
  const type = { out, pre: operands, bias: "f32", addend: "f32" } as const;
  return `${operands === "f16" || out === "f16" ? "enable f16;" : ""}
// A and out may be columns of wider matrices, from column "first" of rows of "stride" values.
// Workgroups of slice z take the steps of k from z · chunk on, and write the z-th of (slices, m, n).
struct Params {
  m: u32, n: u32, k: u32, chunk: u32, a_stride: u32, a_first: u32, out_stride: u32, out_first: u32
}
alias real = ${arithmetic};
alias quad = vec4<real>;
var<private> slice: u32;
@group(0) @binding(0) var<uniform> params: Params;
${binding(1, "a", "read", operands, vectors.a)}
${binding(2, "b", "read", operands, vectors.b)}
${
    Object.entries(epilogueBindings[epilogue]).map(([name, access], i) =>
      binding(3 + i, name, access, type[name as keyof typeof type], vectors.out)
    ).join("\n")
  }
${loader(a, vectors.a, whole)}
${loader(b, vectors.b, whole)}
${finish(text)}`;
}

/** WGSL that is added to an operand's indices: where its columns, or this product's values, begin. */
export const startOf = (name: "a" | "b", { batched }: MatmulText): string => {
  if (batched) return ` + slice * params.${name === "a" ? "m" : "n"} * params.k`;
  return name === "a" ? " + params.a_first" : "";
};

/** WGSL for the first and the last step of k, exclusive, of this workgroup. */
export const stepsOf = ({ batched }: MatmulText): { start: string; end: string } =>
  batched
    ? { start: "0u", end: "params.k" }
    : { start: "group.z * params.chunk", end: "min(params.k, (group.z + 1u) * params.chunk)" };

const binding = (index: number, name: string, access: string, type: Real, vectors: boolean) =>
  `@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${
    vectors ? `vec4<${type}>` : type
  }>;`;

/** WGSL for the size of an operand as stored, and where its rows lie. */
interface Operand {
  name: "a" | "b";
  rows: string;
  columns: string;
  stride: string;
  from: string;
  /** The axis along which k runs. */
  k: "row" | "column";
}

/**
 * `load_x(row, column)`: four neighbours of one row. Past the end of m or n any value will do (its
 * product is never stored); past the end of k, A yields zeros. Where k is `whole`, nothing reads past
 * its end.
 */
function loader(
  { name, rows, columns, stride, from, k }: Operand,
  vectors: boolean,
  whole: boolean,
): string {
  const zero = name === "a" && !whole ? `select(quad(), v, ${k} < params.k)` : "v";
  const row = `${whole && k === "row" ? "row" : `min(row, ${rows} - 1u)`} * ${stride}${from}`;
  if (vectors) {
    const within = whole && k === "column" ? "column" : `min(column, ${columns} - 4u)`;
    return `
fn load_${name}(row: u32, column: u32) -> quad {
  let v = quad(${name}[(${row} + ${within}) >> 2u]);
  return ${zero};
}`;
  }
  const lanes = [0, 1, 2, 3].map((i) =>
    `select(real(), real(${name}[at + ${i}u]), column + ${i}u < ${columns})`
  );
  return `
fn load_${name}(row: u32, column: u32) -> quad {
  let at = ${row} + column;
  let v = quad(${lanes.join(", ")});
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
function finish({ epilogue, vectors: { out: vectors }, types, factors }: MatmulText): string {
  const { operands, out } = types;
  const { product, addend } = factors ?? { product: 1, addend: 1 };
  const wide = vectors ? "vec4f" : "f32";
  const as = (type: Real) => vectors ? `vec4<${type}>` : type;
  const statement = {
    store: `out[at] = ${as(out)}(v);`,
    accumulate: `out[at] = ${as(out)}(${wide}(out[at]) + v);`,
    bias: `out[at] = ${as(out)}(v + bias[column]);`,
    bias_gelu: `let x = v + bias[column]; ` +
      `pre[at] = ${as(operands)}(x); out[at] = ${as(out)}(gelu(x));`,
    combine: `out[at] = ${as(out)}(f32(${product}) * v + f32(${addend}) * addend[at]);`,
  }[epilogue];
  const math = epilogue === "bias_gelu" ? gelu.replaceAll("T", wide) : "";
  const at = "(slice * params.m + row) * params.out_stride + params.out_first";
  if (vectors) {
    return `${math}
fn finish(row: u32, first: u32, v: vec4f) {
  if (row >= params.m || first >= params.n) { return; }
  let at = (${at} + first) >> 2u;
  let column = first >> 2u;
  ${statement}
}`;
  }
  return `${math}
fn finish_one(row: u32, column: u32, v: f32) {
  if (row >= params.m || column >= params.n) { return; }
  let at = ${at} + column;
  ${statement}
}
fn finish(row: u32, first: u32, v: vec4f) {
  finish_one(row, first, v.x);
  finish_one(row, first + 1u, v.y);
  finish_one(row, first + 2u, v.z);
  finish_one(row, first + 3u, v.w);
}`;
}
