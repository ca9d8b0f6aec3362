/**
 * Causal attention by tiles of QUERIES × KEYS scores, FlashAttention's way (Dao et al. 2022, 2023):
 * of the (T, T) weights only one tile per workgroup exists at a time; softmax is online, and
 * backward computes the weights again from the log-sum-exp of each query.
 *
 * A tile of scores is a small matrix product: per DEPTH dimensions both operands are staged in
 * workgroup memory, transposed by 4 × 4 blocks in registers, and every invocation adds outer
 * products to its 4 × 4 scores: 64 multiply-adds for 8 vec4 reads. The weights then pass through
 * workgroup memory once and are multiplied with rows of the other operand, which neighbouring
 * invocations read from the cache as neighbouring vec4s.
 *
 * The text is generated because registers have no indices: a loop over an array of accumulators,
 * with the bounds that wgpu adds to every loop, ends up in memory.
 */

/** Queries of a tile. 4 · (QUERIES + KEYS) · DEPTH + 4 · QUERIES · KEYS bytes: within 16 KiB. */
export const QUERIES = 64;
/** Keys of a tile. */
export const KEYS = 32;
/** Dimensions staged at a time. */
const DEPTH = 16;
/** Invocations along the keys and along the queries; each has 4 × 4 scores. */
const ACROSS = KEYS / 4;
const DOWN = QUERIES / 4;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const lines = (count: number, line: (i: number) => string) => range(count).map(line).join("\n");
const component = "xyzw";

type Variables = Record<string, `${"read" | "read_write"}> ${string}`>;

/** Constants, bindings and address functions of all three kernels. */
function preamble(quads: number, variables: Variables): string {
  return `const QUADS = ${quads}u;
const LOWEST = -3.4e38;
struct Params { t: u32, heads: u32, scale: f32, threshold: u32, keep: f32, site: u32 }
@group(0) @binding(0) var<uniform> params: Params;
${
    Object.entries(variables).map(([name, declaration], i) => {
      const [access, type] = declaration.split("> ");
      return `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: ${type};`;
    }).join("\n")
  }
var<workgroup> stage_a: array<vec4f, ${DEPTH * DOWN}>;
var<workgroup> stage_b: array<vec4f, ${DEPTH * ACROSS}>;
var<workgroup> weights: array<vec4f, ${QUERIES * ACROSS}>;

// Where the vector of a position starts in a (B, T, C) tensor, for head b · NH + h. Positions past
// the end read the last one; their weights are 0 and nothing is stored for them.
fn out_at(head: u32, position: u32) -> u32 {
  let b = head / params.heads;
  let t = b * params.t + min(position, params.t - 1u);
  return (t * params.heads + head % params.heads) * QUADS;
}

// The same in qkv (B, T, 3C): part 0 is the query, 1 the key, 2 the value.
fn qkv_at(head: u32, position: u32, part: u32) -> u32 {
  let b = head / params.heads;
  let t = b * params.t + min(position, params.t - 1u);
  return ((t * 3u + part) * params.heads + head % params.heads) * QUADS;
}
`;
}

interface Operand {
  array: string;
  /** WGSL for where the vector of `position` starts. */
  at: (position: string) => string;
}

const query: Operand = { array: "qkv", at: (position) => `qkv_at(head, ${position}, 0u)` };
const key: Operand = { array: "qkv", at: (position) => `qkv_at(head, ${position}, 1u)` };
const value: Operand = { array: "qkv", at: (position) => `qkv_at(head, ${position}, 2u)` };
const dout: Operand = { array: "dout", at: (position) => `out_at(head, ${position})` };

/** `name(head, a_first, b_first, index)`: row r, column c of the result is a[4y + r] · b[4x + c]. */
function product(name: string, a: Operand, b: Operand, quads: number): string {
  return `
fn ${name}(head: u32, a_first: u32, b_first: u32, index: u32) -> mat4x4f {
  let x = index % ${ACROSS}u;
  let y = index / ${ACROSS}u;
  var s = mat4x4f();
  for (var start = 0u; start < QUADS; start += ${DEPTH / 4}u) {
    workgroupBarrier();
${stage("a", a, DOWN, quads)}
${stage("b", b, ACROSS, quads)}
    workgroupBarrier();
    for (var d = 0u; d < ${DEPTH}u; d += 4u) {
${
    lines(4, (i) =>
      `      let a${i} = stage_a[(d + ${i}u) * ${DOWN}u + y];
      let b${i} = stage_b[(d + ${i}u) * ${ACROSS}u + x];
${lines(4, (r) => `      s[${r}] += a${i}.${component[r]} * b${i};`)}`)
  }
    }
  }
  return s;
}
`;
}

/** Copies DEPTH dimensions of `groups` × 4 vectors into workgroup memory as [dimension][vector]. */
function stage(name: "a" | "b", { array, at }: Operand, groups: number, quads: number): string {
  const blocks = groups * DEPTH / 4, invocations = ACROSS * DOWN;
  const acrossDepth = DEPTH / 4;
  const ragged = quads % acrossDepth !== 0;
  const read = (i: number) => `${array}[${at(`${name}_first + 4u * g + ${i}u`)} + quad]`;
  return `    for (var block = index; block < ${blocks}u; block += ${invocations}u) {
      let g = block / ${acrossDepth}u;
      let quad = start + block % ${acrossDepth}u;
${lines(4, (i) => `      var v${i} = vec4f();`)}
      ${ragged ? "if (quad < QUADS) " : ""}{
${lines(4, (i) => `        v${i} = ${read(i)};`)}
      }
      let to = (block % ${acrossDepth}u) * ${4 * groups}u + g;
${
    lines(4, (i) => {
      const c = component[i];
      return `      stage_${name}[to + ${
        i * groups
      }u] = vec4f(v0.${c}, v1.${c}, v2.${c}, v3.${c});`;
    })
  }
    }`;
}

const entry = `
@compute @workgroup_size(${ACROSS * DOWN})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let x = index % ${ACROSS}u;
  let y = index / ${ACROSS}u;
  let head = group.y;
  let random = seed[0];
`;

/** The dropout factors of the invocation's scores in row `row` (of B · NH · T). */
const factors = (row: string, column: string) =>
  `dropout_factors(params.threshold, params.keep, ${row}, ${column} / 4u, params.site, random)`;

/** Accumulators of an invocation for 4 queries: quads x, x + ACROSS, … of each. */
const ownedByQuery = (quads: number) => Math.ceil(quads / ACROSS);

/** `into`I[r] += Σ over the tile's keys of weight · vector, from workgroup memory and `operand`. */
function addWeighted(into: string, { array, at }: Operand, quads: number): string {
  const owned = ownedByQuery(quads), ragged = quads % ACROSS !== 0;
  return `    for (var k = 0u; k < ${ACROSS}u; k++) {
${lines(4, (c) => `      let at${c} = ${at(`first_key + 4u * k + ${c}u`)} + x;`)}
${lines(4, (r) => `      let w${r} = weights[(4u * y + ${r}u) * ${ACROSS}u + k];`)}
${
    lines(owned, (i) =>
      `      ${ragged ? `if (x + ${i * ACROSS}u < QUADS) ` : ""}{
${lines(4, (c) => `        let v${c} = ${array}[at${c} + ${i * ACROSS}u];`)}
${
        lines(4, (r) =>
          `        ${into}${i}[${r}] += w${r}.x * v0 + w${r}.y * v1 + w${r}.z * v2 + w${r}.w * v3;`)
      }
      }`)
  }
    }`;
}

/** Stores the invocation's accumulators of 4 queries. */
function storeByQuery(
  array: string,
  at: (position: string) => string,
  quads: number,
  element: (i: number, r: number) => string,
): string {
  return lines(4, (r) =>
    `  if (first + 4u * y + ${r}u < params.t) {
    let to = ${at(`first + 4u * y + ${r}u`)} + x;
${
      lines(
        ownedByQuery(quads),
        (i) =>
          `    if (x + ${i * ACROSS}u < QUADS) { ${array}[to + ${i * ACROSS}u] = ${
            element(i, r)
          }; }`,
      )
    }
  }`);
}

/** out and lse; a workgroup owns QUERIES queries of one head. */
export function attentionForwardCode(headSize: number): string {
  const quads = headSize / 4, owned = ownedByQuery(quads);
  return `// out = dropout(softmax(scale · q kᵀ)) v, causal, for heads of ${headSize} dimensions.
//   qkv: (B, T, 3, NH, ${headSize})   out: (B, T, NH, ${headSize})   lse: (B, NH, T)   seed: (1)
// Workgroups: (⌈T / ${QUERIES}⌉, B · NH); the longest ones first. See attention_tile.ts.
${
    preamble(quads, {
      qkv: "read> array<vec4f>",
      seed: "read> array<u32>",
      out: "read_write> array<vec4f>",
      lse: "read_write> array<f32>",
    })
  }${product("scores", query, key, quads)}${entry}
  let first = (groups.x - 1u - group.x) * ${QUERIES}u;
  let end = min(first + ${QUERIES}u, params.t);
${lines(owned, (i) => `  var o${i} = mat4x4f();`)}
  var largest = vec4f(LOWEST);
  var sum = vec4f();
  for (var first_key = 0u; first_key < end; first_key += ${KEYS}u) {
    var s = scores(head, first, first_key, index);
    let column = first_key + 4u * x;
    let columns = vec4u(column, column + 1u, column + 2u, column + 3u);
${
    lines(4, (r) =>
      `    s[${r}] = select(vec4f(LOWEST), params.scale * s[${r}], columns <= vec4u(first + 4u * y + ${r}u));`)
  }
    // The maximum of every row over the tile: 4 columns here, the others from the neighbours.
    workgroupBarrier();
    stage_a[x * ${DOWN}u + y] = vec4f(${range(4).map((r) => maximum(`s[${r}]`)).join(", ")});
    workgroupBarrier();
    let before = largest;
${lines(ACROSS, (i) => `    largest = max(largest, stage_a[${i * DOWN}u + y]);`)}
    let rescale = exp(before - largest);
${lines(4, (r) => `    s[${r}] = exp(s[${r}] - largest.${component[r]});`)}
    sum = sum * rescale + vec4f(${range(4).map((r) => total(`s[${r}]`)).join(", ")});
    if (params.threshold > 0u) {
      let row = head * params.t + first + 4u * y;
${lines(4, (r) => `      s[${r}] *= ${factors(`row + ${r}u`, "column")};`)}
    }
${lines(4, (r) => `    weights[(4u * y + ${r}u) * ${ACROSS}u + x] = s[${r}];`)}
    workgroupBarrier();
${lines(owned, (i) => lines(4, (r) => `    o${i}[${r}] *= rescale.${component[r]};`))}
${addWeighted("o", value, quads)}
  }
  workgroupBarrier();
  stage_a[x * ${DOWN}u + y] = sum;
  workgroupBarrier();
  sum = vec4f();
${lines(ACROSS, (i) => `  sum += stage_a[${i * DOWN}u + y];`)}
${
    storeByQuery(
      "out",
      (p) => `out_at(head, ${p})`,
      quads,
      (i, r) => `o${i}[${r}] / sum.${component[r]}`,
    )
  }
  if (x == 0u) {
${
    lines(4, (r) =>
      `    if (first + 4u * y + ${r}u < params.t) {
      lse[head * params.t + first + 4u * y + ${r}u] = largest.${component[r]} + log(sum.${
        component[r]
      });
    }`)
  }
  }
}
`;
}

const maximum = (v: string) => `max(max(${v}.x, ${v}.y), max(${v}.z, ${v}.w))`;
const total = (v: string) => `(${v}.x + ${v}.y) + (${v}.z + ${v}.w)`;

/**
 * WGSL for row r of a tile: `p` the weights before dropout, `f` their dropout factors, `w` the
 * gradient of the scaled scores. Uses `s` and `g` (dout · valueᵀ).
 */
function weightsOfRow(r: number, firstQuery: string): string {
  return `      let t = ${firstQuery} + 4u * y + ${r}u;
      let row = head * params.t + min(t, params.t - 1u);
      let seen = (columns <= vec4u(t)) & vec4<bool>(t < params.t);
      let p = select(vec4f(), exp(params.scale * s[${r}] - lse[row]), seen);
      var f = vec4f(1.0);
      if (params.threshold > 0u) { f = ${factors("row", "column")}; }
      let w = p * (g[${r}] * f - delta[row]);`;
}

/**
 * With P the weights and δ = rowsum(dout ∘ out): dq = scale · (P ∘ (dout vᵀ − δ)) k. A workgroup
 * owns QUERIES queries of one head and writes their third of dqkv.
 */
export function attentionBackwardQueryCode(headSize: number): string {
  const quads = headSize / 4, owned = ownedByQuery(quads);
  return `// dq = scale · (P ∘ (dropout(dout vᵀ) − δ)) k, causal, for heads of ${headSize} dimensions.
//   qkv, dqkv: (B, T, 3, NH, ${headSize})   dout: (B, T, NH, ${headSize})   lse, delta: (B, NH, T)
// Workgroups: (⌈T / ${QUERIES}⌉, B · NH); the longest ones first. See attention_tile.ts.
${
    preamble(quads, {
      qkv: "read> array<vec4f>",
      dout: "read> array<vec4f>",
      lse: "read> array<f32>",
      delta: "read> array<f32>",
      seed: "read> array<u32>",
      dqkv: "read_write> array<vec4f>",
    })
  }${product("scores", query, key, quads)}${product("gradients", dout, value, quads)}${entry}
  let first = (groups.x - 1u - group.x) * ${QUERIES}u;
  let end = min(first + ${QUERIES}u, params.t);
${lines(owned, (i) => `  var dq${i} = mat4x4f();`)}
  for (var first_key = 0u; first_key < end; first_key += ${KEYS}u) {
    let s = scores(head, first, first_key, index);
    let g = gradients(head, first, first_key, index);
    let column = first_key + 4u * x;
    let columns = vec4u(column, column + 1u, column + 2u, column + 3u);
${
    lines(4, (r) =>
      `    {
${weightsOfRow(r, "first")}
      weights[(4u * y + ${r}u) * ${ACROSS}u + x] = w;
    }`)
  }
    workgroupBarrier();
${addWeighted("dq", key, quads)}
  }
${
    storeByQuery(
      "dqkv",
      (p) => `qkv_at(head, ${p}, 0u)`,
      quads,
      (i, r) => `params.scale * dq${i}[${r}]`,
    )
  }
}
`;
}

/** Accumulators of an invocation for 4 keys: quads x, x + DOWN, … of each. */
const ownedByKey = (quads: number) => Math.ceil(quads / DOWN);

/**
 * dv = dropout(P)ᵀ dout, dk = scale · (P ∘ (dout vᵀ − δ))ᵀ q. A workgroup owns KEYS keys of one head
 * and writes their two thirds of dqkv.
 */
export function attentionBackwardKeyCode(headSize: number): string {
  const quads = headSize / 4, owned = ownedByKey(quads);
  return `// dv = dropout(P)ᵀ dout, dk = scale · (P ∘ (dropout(dout vᵀ) − δ))ᵀ q, causal, for heads of
// ${headSize} dimensions.
//   qkv, dqkv: (B, T, 3, NH, ${headSize})   dout: (B, T, NH, ${headSize})   lse, delta: (B, NH, T)
// Workgroups: (⌈T / ${KEYS}⌉, B · NH); the longest ones first. See attention_tile.ts.
${
    preamble(quads, {
      qkv: "read> array<vec4f>",
      dout: "read> array<vec4f>",
      lse: "read> array<f32>",
      delta: "read> array<f32>",
      seed: "read> array<u32>",
      dqkv: "read_write> array<vec4f>",
    })
  }${product("scores", query, key, quads)}${product("gradients", dout, value, quads)}${entry}
  let first = group.x * ${KEYS}u;
  let column = first + 4u * x;
  let columns = vec4u(column, column + 1u, column + 2u, column + 3u);
  // For the sums over queries: 4 keys, and one quad of dimensions (or every ${DOWN}th).
  let own_quad = index % ${DOWN}u;
  let own_keys = index / ${DOWN}u;
${lines(owned, (i) => `  var dk${i} = mat4x4f();\n  var dv${i} = mat4x4f();`)}
  for (var first_query = first; first_query < params.t; first_query += ${QUERIES}u) {
    let s = scores(head, first_query, first, index);
    let g = gradients(head, first_query, first, index);
    var dscores = mat4x4f();
${
    lines(4, (r) =>
      `    {
${weightsOfRow(r, "first_query")}
      dscores[${r}] = w;
      weights[(4u * y + ${r}u) * ${ACROSS}u + x] = p * f;
    }`)
  }
    workgroupBarrier();
${addTransposed("dv", dout, quads)}
    workgroupBarrier();
${lines(4, (r) => `    weights[(4u * y + ${r}u) * ${ACROSS}u + x] = dscores[${r}];`)}
    workgroupBarrier();
${addTransposed("dk", query, quads)}
  }
${
    lines(4, (c) =>
      `  if (first + 4u * own_keys + ${c}u < params.t) {
    let to = qkv_at(head, first + 4u * own_keys + ${c}u, 1u) + own_quad;
    let part = params.heads * QUADS;
${
        lines(owned, (i) =>
          `    if (own_quad + ${i * DOWN}u < QUADS) {
      dqkv[to + ${i * DOWN}u] = params.scale * dk${i}[${c}];
      dqkv[to + part + ${i * DOWN}u] = dv${i}[${c}];
    }`)
      }
  }`)
  }
}
`;
}

/** `into`I[c] += Σ over the tile's queries of weight · vector: the weights are read transposed. */
function addTransposed(into: string, { array, at }: Operand, quads: number): string {
  const owned = ownedByKey(quads), ragged = quads % DOWN !== 0;
  return `    for (var t = 0u; t < ${QUERIES}u; t += 4u) {
${
    lines(4, (q) =>
      `      {
        let row_at = ${at(`first_query + t + ${q}u`)} + own_quad;
        let w = weights[(t + ${q}u) * ${ACROSS}u + own_keys];
${
        lines(owned, (i) =>
          `        ${ragged ? `if (own_quad + ${i * DOWN}u < QUADS) ` : ""}{
          let v = ${array}[row_at + ${i * DOWN}u];
${lines(4, (c) => `          ${into}${i}[${c}] += w.${component[c]} * v;`)}
        }`)
      }
      }`)
  }
    }`;
}
