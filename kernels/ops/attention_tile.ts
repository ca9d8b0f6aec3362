/**
 * The blocking of attention for real GPUs: 64 × 32 scores per workgroup, 4 × 4 per invocation.
 *
 * Both operands of the scores are staged in workgroup memory, DEPTH dimensions at a time and
 * transposed by 4 × 4 blocks in registers; then every invocation adds outer products: 64 multiply-
 * adds for 8 vec4 reads. Weights pass through workgroup memory once and are multiplied with rows of
 * the third operand, which neighbouring invocations read from the cache as neighbouring vec4s.
 */

import {
  type Blocking,
  clampedQuad,
  component,
  lines,
  type Operand,
  range,
} from "./attention_code.ts";

const ROWS = 64;
const COLUMNS = 32;
/** Dimensions staged at a time. All workgroup memory together: 14 KiB. */
const DEPTH = 16;
/** Invocations along the columns and along the rows. */
const ACROSS = COLUMNS / 4;
const DOWN = ROWS / 4;

export const tileBlocking: Blocking = {
  name: "tile",
  rows: ROWS,
  columns: COLUMNS,
  held: 4,
  lanes: ACROSS,
  declarations: `var<workgroup> stage_a: array<vec4f, ${DEPTH * DOWN}>;
var<workgroup> stage_b: array<vec4f, ${DEPTH * ACROSS}>;
var<workgroup> weights: array<vec4f, ${ROWS * ACROSS}>;`,
  invocations: ACROSS * DOWN,
  lane: `index % ${ACROSS}u`,
  row: `index / ${ACROSS}u * 4u`,
  product,
  rowMaxima,
  rowSums,
  exchange: (values) => `
    workgroupBarrier();
${lines(4, (r) => `    weights[(row + ${r}u) * ${ACROSS}u + lane] = ${values(r)};`)}
    workgroupBarrier();`,
  addWeighted,
};

function product(name: string, a: Operand, b: Operand, quads: number): string {
  return `
${lines(4, (r) => `    var ${name}${r} = vec4f();`)}
    for (var start = 0u; start < QUADS; start += ${DEPTH / 4}u) {
      workgroupBarrier();
${stage("a", a, "first", DOWN, quads)}
${stage("b", b, "walk", ACROSS, quads)}
      workgroupBarrier();
      for (var d = 0u; d < ${DEPTH}u; d += 4u) {
${
    lines(4, (i) =>
      `        let a${i} = stage_a[(d + ${i}u) * ${DOWN}u + row / 4u];
        let b${i} = stage_b[(d + ${i}u) * ${ACROSS}u + lane];
${lines(4, (r) => `        ${name}${r} += a${i}.${component[r]} * b${i};`)}`)
  }
      }
    }`;
}

/** Copies DEPTH dimensions of `groups` × 4 vectors into workgroup memory as [dimension][vector]. */
function stage(
  name: "a" | "b",
  { array, at }: Operand,
  base: "first" | "walk",
  groups: number,
  quads: number,
): string {
  const blocks = groups * DEPTH / 4, invocations = ACROSS * DOWN;
  const acrossDepth = DEPTH / 4;
  const ragged = quads % acrossDepth !== 0;
  const read = (i: number) => {
    const vector = at(`${base} + 4u * g + ${i}u`);
    return ragged
      ? `select(vec4f(), vec4f(${array}[${vector} + min(quad, QUADS - 1u)]), quad < QUADS)`
      : `vec4f(${array}[${vector} + quad])`;
  };
  const round = (done: number) =>
    `      ${blocks - done < invocations ? `if (index < ${blocks - done}u) ` : ""}{
        let block = index + ${done}u;
        let g = block / ${acrossDepth}u;
        let quad = start + block % ${acrossDepth}u;
        let to = (block % ${acrossDepth}u) * ${4 * groups}u + g;
${lines(4, (i) => `        let v${i} = ${read(i)};`)}
${
      lines(4, (i) => {
        const c = component[i];
        return `        stage_${name}[to + ${
          i * groups
        }u] = vec4f(v0.${c}, v1.${c}, v2.${c}, v3.${c});`;
      })
    }
      }`;
  return range(Math.ceil(blocks / invocations)).map((i) => round(i * invocations)).join("\n");
}

/** The 4 rows' values of all invocations across, through workgroup memory. */
function acrossRow(values: (r: number) => string): string {
  return `    workgroupBarrier();
    stage_a[lane * ${DOWN}u + row / 4u] = vec4f(${range(4).map(values).join(", ")});
    workgroupBarrier();`;
}

function rowMaxima(name: string, values: (r: number) => string): string {
  return `${acrossRow(values)}
    var ${name} = stage_a[row / 4u];
${
    lines(
      ACROSS - 1,
      (i) => `    ${name} = max(${name}, stage_a[${(i + 1) * DOWN}u + row / 4u]);`,
    )
  }
${lines(4, (r) => `    let ${name}${r} = ${name}.${component[r]};`)}`;
}

function rowSums(name: string, values: (r: number) => string): string {
  return `${acrossRow(values)}
    var ${name} = vec4f();
${lines(ACROSS, (i) => `    ${name} += stage_a[${i * DOWN}u + row / 4u];`)}
${lines(4, (r) => `    let ${name}${r} = ${name}.${component[r]};`)}`;
}

function addWeighted(into: string, { array, at }: Operand, quads: number): string {
  const owned = Math.ceil(quads / ACROSS);
  return `
    for (var k = 0u; k < ${ACROSS}u; k++) {
${lines(4, (c) => `      let at${c} = ${at(`walk + 4u * k + ${c}u`)};`)}
${lines(4, (r) => `      let w${r} = weights[(row + ${r}u) * ${ACROSS}u + k];`)}
${
    lines(owned, (i) =>
      `      {
        let quad = ${clampedQuad(quads, ACROSS, i)};
${lines(4, (c) => `        let v${c} = vec4f(${array}[at${c} + quad]);`)}
${
        lines(4, (r) =>
          `        ${into}${r}_${i} += w${r}.x * v0 + w${r}.y * v1 + w${r}.z * v2 + w${r}.w * v3;`)
      }
      }`)
  }
    }`;
}
