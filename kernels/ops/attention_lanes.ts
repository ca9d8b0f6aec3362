/**
 * Causal attention where every lane owns one query (for dk and dv, one key) and keeps its vectors
 * in registers, while all lanes of a workgroup walk through the same keys (queries) together. No
 * workgroup memory and no barriers: for adapters that run on a CPU.
 *
 * Softmax is online (Milakov & Gimelshein 2018; FlashAttention, Dao et al. 2022): of the (T, T)
 * weights only BLOCK per lane exist at a time, in registers; backward computes them again from the
 * log-sum-exp of each query. The text is generated because registers have no indices.
 */

/** Keys (for dk and dv, queries) taken in one round; a multiple of 4, for dropout. */
const BLOCK = 8;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const lines = (count: number, line: (i: number) => string) => range(count).map(line).join("\n");

/** How a head's vectors are read and written: by vec4 where its size allows, else by component. */
function accessOf(headSize: number) {
  const vectors = headSize % 4 === 0;
  const present = (quad: number) => range(4).filter((i) => 4 * quad + i < headSize);
  return {
    quads: Math.ceil(headSize / 4),
    /** Of every array that holds vectors. */
    type: vectors ? "array<vec4f>" : "array<f32>",
    /** Array elements of one head's vector. */
    size: vectors ? headSize / 4 : headSize,
    load: (array: string, base: string, quad: number) => {
      if (vectors) return `${array}[${base} + ${quad}u]`;
      const parts = range(4).map((i) =>
        present(quad).includes(i) ? `${array}[${base} + ${4 * quad + i}u]` : "0.0"
      );
      return `vec4f(${parts.join(", ")})`;
    },
    store: (array: string, base: string, quad: number, value: string) => {
      if (vectors) return `${array}[${base} + ${quad}u] = ${value};`;
      return present(quad)
        .map((i) => `${array}[${base} + ${4 * quad + i}u] = (${value}).${"xyzw"[i]};`).join(" ");
    },
  };
}

type Variables = Record<string, { access: "read" | "read_write"; type: string }>;

/** Sizes, bindings and the entry point up to the point where `head`, `b`, `h` and `own` are known. */
function opening(headSize: number, variables: Variables): string {
  const bindings = Object.entries(variables).map(([name, { access, type }], i) =>
    `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: ${type};`
  );
  return `override WG: u32 = 64u;
const SIZE = ${accessOf(headSize).size}u;
const LOWEST = -3.4e38;
struct Params { t: u32, heads: u32, scale: f32, threshold: u32, keep: f32, site: u32 }
@group(0) @binding(0) var<uniform> params: Params;
${bindings.join("\n")}

// Where the query vector of a position starts in qkv; key and value follow C and 2C later.
fn query_at(b: u32, h: u32, position: u32) -> u32 {
  return ((b * params.t + position) * 3u * params.heads + h) * SIZE;
}

// Where a head's vector of a position starts in a (B, T, C) tensor.
fn out_at(b: u32, h: u32, position: u32) -> u32 {
  return ((b * params.t + position) * params.heads + h) * SIZE;
}

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let width = params.heads * SIZE;
  let head = group.y;
  let b = head / params.heads;
  let h = head % params.heads;
  let first = group.x * WG;
  let own = first + lane;
  // Lanes past the end work on the last position and store nothing.
  let position = min(own, params.t - 1u);
  let random = seed[0];
`;
}

const sum4 = (v: string) => `(${v}.x + ${v}.y) + (${v}.z + ${v}.w)`;

/** `name`J = dot(`left`0.., the vector at `array`[`at`J]) for the BLOCK positions of a round. */
function dots(name: string, left: string, array: string, headSize: number, at: string): string {
  const { quads, load } = accessOf(headSize);
  return `${lines(BLOCK, (j) => `    var ${name}4_${j} = vec4f();`)}
${
    lines(quads, (i) =>
      lines(
        BLOCK,
        (j) => `    ${name}4_${j} += ${left}${i} * ${load(array, `${at}${j}`, i)};`,
      ))
  }
${lines(BLOCK, (j) => `    let ${name}${j} = ${sum4(`${name}4_${j}`)};`)}`;
}

/** `into`I += Σ over the round of `weight`J · vector I at `array`[`at`J]. */
function weighted(
  into: string,
  weight: string,
  array: string,
  headSize: number,
  at: string,
): string {
  const { quads, load } = accessOf(headSize);
  return lines(
    quads,
    (i) =>
      `    ${into}${i} += ${
        range(BLOCK).map((j) => `${weight}${j} * ${load(array, `${at}${j}`, i)}`).join(" + ")
      };`,
  );
}

/**
 * out = softmax(scale · q kᵀ) v over the keys up to each query, lse = log Σ exp of its scores.
 *   qkv: (B, T, 3, NH, head size)   out: (B, T, NH, head size)   lse: (B, NH, T)   seed: (1)
 * Workgroups: (⌈T / WG⌉, B · NH); a lane owns a query.
 */
export function attentionForwardCode(headSize: number): string {
  const { quads, type, load, store } = accessOf(headSize);
  const code = opening(headSize, {
    qkv: { access: "read", type },
    seed: { access: "read", type: "array<u32>" },
    out: { access: "read_write", type },
    lse: { access: "read_write", type: "array<f32>" },
  });
  return `// out = softmax(scale · q kᵀ) v, causal; a lane owns a query of head size ${headSize}.
${code}
  let at = query_at(b, h, position);
${lines(quads, (i) => `  let q${i} = params.scale * ${load("qkv", "at", i)};`)}
${lines(quads, (i) => `  var o${i} = vec4f();`)}
  var largest = LOWEST;
  var sum = 0.0;
  let end = min(first + WG, params.t);
  for (var key = 0u; key < end; key += ${BLOCK}u) {
${lines(BLOCK, (j) => `    let k${j} = query_at(b, h, min(key + ${j}u, params.t - 1u)) + width;`)}
${lines(BLOCK, (j) => `    let v${j} = k${j} + width;`)}
${dots("s", "q", "qkv", headSize, "k")}
${lines(BLOCK, (j) => `    let m${j} = select(LOWEST, s${j}, key + ${j}u <= position);`)}
    let before = largest;
    largest = ${range(BLOCK).reduce((max, j) => `max(${max}, m${j})`, "before")};
    let rescale = exp(before - largest);
${lines(BLOCK, (j) => `    var p${j} = exp(m${j} - largest);`)}
    sum = sum * rescale + ${range(BLOCK).map((j) => `p${j}`).join(" + ")};
    if (params.threshold > 0u) {
      let row = head * params.t + position;
${lines(BLOCK / 4, (quad) => `      let f${quad} = ${factors("row", `key / 4u + ${quad}u`)};`)}
${lines(BLOCK, (j) => `      p${j} *= f${Math.floor(j / 4)}.${"xyzw"[j % 4]};`)}
    }
${lines(quads, (i) => `    o${i} *= rescale;`)}
${weighted("o", "p", "qkv", headSize, "v")}
  }
  if (own < params.t) {
    let to = out_at(b, h, own);
${lines(quads, (i) => `    ${store("out", "to", i, `o${i} / sum`)}`)}
    lse[head * params.t + own] = largest + log(sum);
  }
}
`;
}

const factors = (row: string, quad: string) =>
  `dropout_factors(params.threshold, params.keep, ${row}, ${quad}, params.site, random)`;

/**
 * With P the weights and δ = rowsum(dout ∘ out): dq = scale · (P ∘ (dout vᵀ − δ)) k. Also stores δ.
 *   qkv, dqkv: (B, T, 3, NH, head size)   out, dout: (B, T, NH, head size)   lse, delta: (B, NH, T)
 * Workgroups: (⌈T / WG⌉, B · NH); a lane owns a query and writes its third of dqkv.
 */
export function attentionBackwardQueryCode(headSize: number): string {
  const { quads, type, load, store } = accessOf(headSize);
  const code = opening(headSize, {
    qkv: { access: "read", type },
    out: { access: "read", type },
    dout: { access: "read", type },
    lse: { access: "read", type: "array<f32>" },
    seed: { access: "read", type: "array<u32>" },
    delta: { access: "read_write", type: "array<f32>" },
    dqkv: { access: "read_write", type },
  });
  return `// dq and delta of causal attention; a lane owns a query of head size ${headSize}.
${code}
  let at = query_at(b, h, position);
  let row_at = out_at(b, h, position);
${lines(quads, (i) => `  let q${i} = params.scale * ${load("qkv", "at", i)};`)}
${lines(quads, (i) => `  let d${i} = ${load("dout", "row_at", i)};`)}
${lines(quads, (i) => `  var g${i} = vec4f();`)}
  var products = vec4f();
${lines(quads, (i) => `  products += d${i} * ${load("out", "row_at", i)};`)}
  let dot = ${sum4("products")};
  let row = head * params.t + position;
  let row_lse = lse[row];
  let end = min(first + WG, params.t);
  for (var key = 0u; key < end; key += ${BLOCK}u) {
${lines(BLOCK, (j) => `    let k${j} = query_at(b, h, min(key + ${j}u, params.t - 1u)) + width;`)}
${lines(BLOCK, (j) => `    let v${j} = k${j} + width;`)}
${dots("s", "q", "qkv", headSize, "k")}
${dots("x", "d", "qkv", headSize, "v")}
${lines(BLOCK / 4, (quad) => `    var f${quad} = vec4f(1.0);`)}
    if (params.threshold > 0u) {
${lines(BLOCK / 4, (quad) => `      f${quad} = ${factors("row", `key / 4u + ${quad}u`)};`)}
    }
${
    lines(BLOCK, (j) =>
      `    let w${j} = select(0.0, exp(s${j} - row_lse), key + ${j}u <= position) *
      (x${j} * f${Math.floor(j / 4)}.${"xyzw"[j % 4]} - dot);`)
  }
${weighted("g", "w", "qkv", headSize, "k")}
  }
  if (own < params.t) {
${lines(quads, (i) => `    ${store("dqkv", "at", i, `params.scale * g${i}`)}`)}
    delta[row] = dot;
  }
}
`;
}

/**
 * dv = (P ∘ dropout)ᵀ dout, dk = scale · (P ∘ (dout vᵀ − δ))ᵀ q, with P and δ as in dq.
 *   qkv, dqkv: (B, T, 3, NH, head size)   dout: (B, T, NH, head size)   lse, delta: (B, NH, T)
 * Workgroups: (⌈T / WG⌉, B · NH); a lane owns a key and writes its two thirds of dqkv.
 */
export function attentionBackwardKeyCode(headSize: number): string {
  const { quads, type, load, store } = accessOf(headSize);
  const code = opening(headSize, {
    qkv: { access: "read", type },
    dout: { access: "read", type },
    lse: { access: "read", type: "array<f32>" },
    delta: { access: "read", type: "array<f32>" },
    seed: { access: "read", type: "array<u32>" },
    dqkv: { access: "read_write", type },
  });
  return `// dk and dv of causal attention; a lane owns a key of head size ${headSize}.
${code}
  let at = query_at(b, h, position) + width;
  let value_at = at + width;
${lines(quads, (i) => `  let k${i} = params.scale * ${load("qkv", "at", i)};`)}
${lines(quads, (i) => `  let v${i} = ${load("qkv", "value_at", i)};`)}
${lines(quads, (i) => `  var dk${i} = vec4f();\n  var dv${i} = vec4f();`)}
  for (var query = first; query < params.t; query += ${BLOCK}u) {
${lines(BLOCK, (j) => `    let t${j} = min(query + ${j}u, params.t - 1u);`)}
${lines(BLOCK, (j) => `    let q${j} = query_at(b, h, t${j});`)}
${lines(BLOCK, (j) => `    let d${j} = out_at(b, h, t${j});`)}
${dots("s", "k", "qkv", headSize, "q")}
${dots("x", "v", "dout", headSize, "d")}
${
    lines(BLOCK, (j) =>
      `    let row${j} = head * params.t + t${j};
    let seen${j} = position <= t${j} && query + ${j}u < params.t;
    let p${j} = select(0.0, exp(s${j} - lse[row${j}]), seen${j});
    var f${j} = 1.0;`)
  }
    if (params.threshold > 0u) {
${lines(BLOCK, (j) => `      f${j} = ${factors(`row${j}`, "position / 4u")}[position % 4u];`)}
    }
${lines(BLOCK, (j) => `    let w${j} = p${j} * (x${j} * f${j} - delta[row${j}]);`)}
${lines(BLOCK, (j) => `    let pf${j} = p${j} * f${j};`)}
${weighted("dv", "pf", "dout", headSize, "d")}
${weighted("dk", "w", "qkv", headSize, "q")}
  }
  if (own < params.t) {
${lines(quads, (i) => `    ${store("dqkv", "at", i, `params.scale * dk${i}`)}`)}
${lines(quads, (i) => `    ${store("dqkv", "value_at", i, `dv${i}`)}`)}
  }
}
`;
}
