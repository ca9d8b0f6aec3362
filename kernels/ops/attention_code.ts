/**
 * WGSL of causal attention, FlashAttention's way (Dao et al. 2022, 2023): of the (T, T) weights only
 * one block per workgroup exists at a time, softmax is online, and backward computes the weights
 * again from the log-sum-exp of each query.
 *
 * All three kernels have one shape. A workgroup owns some rows (queries; for dk and dv, keys) of one
 * head and walks over the columns (keys; for dk and dv, queries) that causality lets meet them:
 *   1. scores of its rows with the next columns: a small matrix product,
 *   2. weights from the scores, row by row,
 *   3. sums of the columns' vectors by these weights: another small matrix product.
 * How the two products are divided is the `Blocking`: attention_tile.ts for GPUs,
 * attention_subgroup.ts for adapters that run on a CPU.
 *
 * The text is generated because registers have no indices: a loop over an array of accumulators,
 * with the bounds that wgpu adds to every loop, ends up in memory. No branch in a loop depends on
 * Params alone: lavapipe (Mesa 22.3) would specialise, compile and leak 1.4 MB at every dispatch.
 */

/** How a workgroup divides its products. The texts run where `index`, `lane` and `row` are known. */
export interface Blocking {
  name: string;
  /** Rows that a workgroup owns. */
  rows: number;
  /** Columns that it walks over at a time. */
  columns: number;
  /** Neighbouring rows of which an invocation holds scores, for 4 neighbouring columns each. */
  held: number;
  /** Invocations that share a row; each owns every `lanes`th quad of dimensions of the results. */
  lanes: number;
  declarations: string;
  invocations: number;
  /** The invocation's place in its row: its columns are 4 · lane to 4 · lane + 3. */
  lane: string;
  /** The first row it holds. */
  row: string;
  /** Declares `name`r = a[first + row + r] · b[walk + 4 lane + 0..3] for all rows held. */
  product(name: string, a: Operand, b: Operand, quads: number): string;
  /** Declares `name`r, the largest of `values(r)` over the invocations that share the row. */
  rowMaxima(name: string, values: (r: number) => string): string;
  /** Declares `name`r, the sum of `values(r)` over the invocations that share the row. */
  rowSums(name: string, values: (r: number) => string): string;
  /** Shares the weights `values(r)` of the held rows for `addWeighted`. */
  exchange(values: (r: number) => string): string;
  /** `into`r_i += Σ over the columns of weight · quad (lane + i · lanes) of the column's vector. */
  addWeighted(into: string, operand: Operand, quads: number): string;
}

/** An array of vectors, and WGSL for where the vector of a position starts. */
export interface Operand {
  array: string;
  at: (position: string) => string;
}

export const component = "xyzw";
export const range = (count: number) => Array.from({ length: count }, (_, i) => i);
export const lines = (count: number, line: (i: number) => string) =>
  range(count).map(line).join("\n");

/** Quad lane + i · lanes; past the end the last one, which is read again and not stored. */
export const clampedQuad = (quads: number, lanes: number, i: number) =>
  (i + 1) * lanes <= quads ? `lane + ${i * lanes}u` : `min(lane + ${i * lanes}u, QUADS - 1u)`;

/** In qkv (B, T, 3C): part 0 is the query, 1 the key, 2 the value. */
const inQkv = (part: number): Operand => ({
  array: "qkv",
  at: (position) => `at(qkv_first + ${part}u * out_step, ${position}, qkv_step)`,
});
const query = inQkv(0), key = inQkv(1), value = inQkv(2);
const inOut = (position: string) => `at(out_first, ${position}, out_step)`;
const dout: Operand = { array: "dout", at: inOut };

/** What a kernel is generated for. */
export interface AttentionText {
  /** A multiple of 4. */
  headSize: number;
  blocking: Blocking;
  /** Whether attention weights are dropped out. */
  dropping: boolean;
}

const vectors = "array<vec4<real>>", scalars = "array<f32>";

/** Constants, bindings and the entry point up to where rows and columns are known. */
function opening(
  { headSize, blocking }: AttentionText,
  bindings: Record<string, readonly ["read" | "read_write", string]>,
): string {
  const { declarations, invocations, lane, row } = blocking;
  return `const QUADS = ${headSize / 4}u;
const LOWEST = -3.4e38;
struct Params { t: u32, heads: u32, scale: f32, threshold: u32, keep: f32, site: u32 }
@group(0) @binding(0) var<uniform> params: Params;
${
    Object.entries(bindings).map(([name, [access, type]], i) =>
      `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: ${type};`
    ).join("\n")
  }
${declarations}

// Where the vector of a position starts. Positions past the end read the last one; their weights are
// 0 and nothing is stored for them.
fn at(first: u32, position: u32, step: u32) -> u32 {
  return first + min(position, params.t - 1u) * step;
}

@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let lane = ${lane};
  let row = ${row};
  let head = group.y;
  let random = seed[0];
  // From one position to the next in (B, T, C) and in (B, T, 3C), and where head b · NH + h begins.
  let out_step = params.heads * QUADS;
  let qkv_step = 3u * out_step;
  let batch = head / params.heads;
  let out_first = batch * params.t * out_step + (head - batch * params.heads) * QUADS;
  let qkv_first = batch * params.t * qkv_step + (head - batch * params.heads) * QUADS;`;
}

/** The 4 columns of the invocation. */
const columns = `
    let column = walk + 4u * lane;
    let columns = vec4u(column, column + 1u, column + 2u, column + 3u);`;

/** Declares accumulators `name`r_i for the held rows. */
function accumulators(
  name: string,
  { headSize, blocking: { held, lanes } }: AttentionText,
): string {
  const owned = Math.ceil(headSize / 4 / lanes);
  return lines(held, (r) => lines(owned, (i) => `  var ${name}${r}_${i} = vec4f();`));
}

/** Stores the accumulators of the held rows that exist: `element(r, i)` at `at(position)`. */
function storeRows(
  { headSize, blocking: { held, lanes } }: AttentionText,
  array: string,
  at: (position: string) => string,
  element: (r: number, i: number) => string,
): string {
  const quads = headSize / 4;
  const store = (r: number, i: number) => {
    const guard = (i + 1) * lanes <= quads ? "" : `if (lane + ${i * lanes}u < QUADS) `;
    return `    ${guard}{ ${array}[to + lane + ${i * lanes}u] = vec4<real>(${element(r, i)}); }`;
  };
  return lines(held, (r) =>
    `  if (first + row + ${r}u < params.t) {
    let to = ${at(`first + row + ${r}u`)};
${lines(Math.ceil(quads / lanes), (i) => store(r, i))}
  }`);
}

const factors = (row: string, column: string) =>
  `dropout_factors(params.threshold, params.keep, ${row}, ${column} / 4u, params.site, random)`;

const maximum = (v: string) => `max(max(${v}.x, ${v}.y), max(${v}.z, ${v}.w))`;
const total = (v: string) => `((${v}.x + ${v}.y) + (${v}.z + ${v}.w))`;

/** out and lse. Workgroups: (⌈T / rows⌉, B · NH), the longest ones first. */
export function attentionForwardCode(text: AttentionText): string {
  const { headSize, dropping, blocking } = text, { rows, held, lanes } = blocking;
  const quads = headSize / 4, owned = Math.ceil(quads / lanes);
  return `// out = dropout(softmax(scale · q kᵀ)) v, causal; lse = log Σ exp of each query's scores.
//   qkv: (B, T, 3, NH, ${headSize})   out: (B, T, NH, ${headSize})   lse: (B, NH, T)   seed: (1)
${
    opening(text, {
      qkv: ["read", vectors],
      seed: ["read", "array<u32>"],
      out: ["read_write", vectors],
      lse: ["read_write", scalars],
    })
  }
  let first = (groups.x - 1u - group.x) * ${rows}u;
  let end = min(first + ${rows}u, params.t);
${accumulators("mean", text)}
${lines(held, (r) => `  var largest${r} = LOWEST;\n  var sum${r} = vec4f();`)}
  for (var walk = 0u; walk < end; walk += ${blocking.columns}u) {
${blocking.product("score", query, key, quads)}
${columns}
${
    lines(held, (r) =>
      `    score${r} = select(vec4f(LOWEST), params.scale * score${r}, columns <= vec4u(first + row + ${r}u));`)
  }
${blocking.rowMaxima("block_largest", (r) => maximum(`score${r}`))}
${
    lines(held, (r) =>
      `    let before${r} = largest${r};
    largest${r} = max(largest${r}, block_largest${r});
    let rescale${r} = exp(before${r} - largest${r});
    score${r} = exp(score${r} - largest${r});
    sum${r} = sum${r} * rescale${r} + score${r};
${lines(owned, (i) => `    mean${r}_${i} *= rescale${r};`)}`)
  }
${
    dropping
      ? lines(
        held,
        (r) => `    score${r} *= ${factors(`head * params.t + first + row + ${r}u`, "column")};`,
      )
      : ""
  }
${blocking.exchange((r) => `score${r}`)}
${blocking.addWeighted("mean", value, quads)}
  }
${blocking.rowSums("row_sum", (r) => total(`sum${r}`))}
${storeRows(text, "out", inOut, (r, i) => `mean${r}_${i} / row_sum${r}`)}
${
    lines(held, (r) =>
      `  if (lane == 0u && first + row + ${r}u < params.t) {
    lse[head * params.t + first + row + ${r}u] = largest${r} + log(row_sum${r});
  }`)
  }
}
`;
}

const backwardBindings = {
  qkv: ["read", vectors],
  dout: ["read", vectors],
  lse: ["read", scalars],
  delta: ["read", scalars],
  seed: ["read", "array<u32>"],
  dqkv: ["read_write", vectors],
} as const;

/**
 * dq = scale · (P ∘ (dropout(dout vᵀ) − δ)) k with P the weights and δ = rowsum(dout ∘ out); writes
 * the queries' third of dqkv. Workgroups: (⌈T / rows⌉, B · NH), the longest ones first.
 */
export function attentionBackwardQueryCode(text: AttentionText): string {
  const { headSize, dropping, blocking } = text, { rows, held } = blocking;
  const quads = headSize / 4;
  return `// dq = scale · (P ∘ (dropout(dout vᵀ) − δ)) k, causal; rows are queries, columns keys.
//   qkv, dqkv: (B, T, 3, NH, ${headSize})   dout: (B, T, NH, ${headSize})   lse, delta: (B, NH, T)
${opening(text, backwardBindings)}
  let first = (groups.x - 1u - group.x) * ${rows}u;
  let end = min(first + ${rows}u, params.t);
${
    lines(held, (r) =>
      `  let query${r} = head * params.t + min(first + row + ${r}u, params.t - 1u);
  let lse${r} = lse[query${r}];
  let delta${r} = delta[query${r}];`)
  }
${accumulators("dq", text)}
  for (var walk = 0u; walk < end; walk += ${blocking.columns}u) {
${blocking.product("score", query, key, quads)}
${blocking.product("dweight", dout, value, quads)}
${columns}
${
    lines(held, (r) =>
      `    let weight${r} = select(vec4f(), exp(params.scale * score${r} - lse${r}), columns <= vec4u(first + row + ${r}u));
${dropping ? `    dweight${r} *= ${factors(`query${r}`, "column")};` : ""}`)
  }
${blocking.exchange((r) => `weight${r} * (dweight${r} - delta${r})`)}
${blocking.addWeighted("dq", key, quads)}
  }
${storeRows(text, "dqkv", query.at, (r, i) => `params.scale * dq${r}_${i}`)}
}
`;
}

/**
 * dv = dropout(P)ᵀ dout, dk = scale · (P ∘ (dropout(dout vᵀ) − δ))ᵀ q; writes the keys' and values'
 * thirds of dqkv. Workgroups: (⌈T / rows⌉, B · NH), the longest ones first.
 */
export function attentionBackwardKeyCode(text: AttentionText): string {
  const { headSize, dropping, blocking } = text, { rows, held } = blocking;
  const quads = headSize / 4;
  const ofColumns = (array: string) =>
    `vec4f(${range(4).map((c) => `${array}[query_${component[c]}]`).join(", ")})`;
  return `// dv = dropout(P)ᵀ dout, dk = scale · (P ∘ (dropout(dout vᵀ) − δ))ᵀ q, causal; rows are keys,
// columns queries.
//   qkv, dqkv: (B, T, 3, NH, ${headSize})   dout: (B, T, NH, ${headSize})   lse, delta: (B, NH, T)
${opening(text, backwardBindings)}
  let first = group.x * ${rows}u;
${accumulators("dk", text)}
${accumulators("dv", text)}
  for (var walk = first; walk < params.t; walk += ${blocking.columns}u) {
${blocking.product("score", key, query, quads)}
${blocking.product("dweight", value, dout, quads)}
${columns}
${
    lines(4, (c) =>
      `    let query_${component[c]} = head * params.t + min(columns.${
        component[c]
      }, params.t - 1u);`)
  }
    let lses = ${ofColumns("lse")};
    let deltas = ${ofColumns("delta")};
    let present = columns < vec4u(params.t);
${
    lines(held, (r) =>
      `    let weight${r} = select(vec4f(), exp(params.scale * score${r} - lses),
      present & (columns >= vec4u(first + row + ${r}u)));`)
  }
${dropping ? transposedFactors(held) : ""}
${blocking.exchange((r) => dropping ? `weight${r} * dropped${r}` : `weight${r}`)}
${blocking.addWeighted("dv", dout, quads)}
${
    blocking.exchange((r) =>
      `weight${r} * (dweight${r}${dropping ? ` * dropped${r}` : ""} - deltas)`
    )
  }
${blocking.addWeighted("dk", query, quads)}
  }
${storeRows(text, "dqkv", key.at, (r, i) => `params.scale * dk${r}_${i}`)}
${storeRows(text, "dqkv", value.at, (r, i) => `dv${r}_${i}`)}
}
`;
}

/** `dropped`r, the factors of key row r for the 4 queries: a counter serves 4 keys of one query. */
function transposedFactors(held: number): string {
  return lines(
    held / 4,
    (block) =>
      `${
        lines(4, (c) =>
          `    let factors${block}_${c} = ${
            factors(`query_${component[c]}`, `(first + row + ${4 * block}u)`)
          };`)
      }
${
        lines(4, (r) => {
          const parts = range(4).map((c) => `factors${block}_${c}.${component[r]}`).join(", ");
          return `    let dropped${4 * block + r} = vec4f(${parts});`;
        })
      }`,
  );
}
