/**
 * The blocking of attention for real GPUs: 64 × 32 scores per workgroup, 4 × 4 per invocation.
 *
 * Both operands of the scores are staged in workgroup memory, DEPTH dimensions at a time and
 * transposed by 4 × 4 blocks in registers; then every invocation adds outer products: 64 multiply-
 * adds for 8 vec4 reads. Weights pass through workgroup memory once and are multiplied with rows of
 * the third operand, which neighbouring invocations read from the cache as neighbouring vec4s.
 *
 * As in matmul/tile_shared.ts, one index of every access to workgroup memory is a constant, and each
 * multiply-add is a statement: `c += x · a + y · b` would be a product, a multiply-add and a sum.
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
  declarations: `var<workgroup> stage_a: array<array<vec4f, ${DOWN}>, ${DEPTH}>;
var<workgroup> stage_b: array<array<vec4f, ${ACROSS}>, ${DEPTH}>;
var<workgroup> weights: array<array<vec4f, ${ACROSS}>, ${ROWS}>;`,
  invocations: ACROSS * DOWN,
  lane: `index % ${ACROSS}u`,
  row: `index / ${ACROSS}u * 4u`,
  product,
  rowMaxima,
  rowSums,
  exchange: (values) => `
    workgroupBarrier();
${lines(4, (r) => `    weights[row + ${r}u][lane] = ${values(r)};`)}
    workgroupBarrier();`,
  addWeighted,
};

/** Blocks of 4 vectors × 4 dimensions that are staged at a time: of a, then of b. */
const BLOCKS_OF_A = DOWN * DEPTH / 4;
const BLOCKS = BLOCKS_OF_A + ACROSS * DEPTH / 4;
/** Blocks along the dimensions. */
const DEEP = DEPTH / 4;

/** Every invocation stages one block at most, whose vectors it looks up once for all dimensions. */
function product(name: string, a: Operand, b: Operand, quads: number): string {
  const block = `(index - ${BLOCKS_OF_A}u)`;
  return `
${lines(4, (r) => `    var ${name}${r} = vec4f();`)}
    {
      var deep = index % ${DEEP}u;
      var block = index / ${DEEP}u;
${lines(4, (i) => `      var source${i} = 0u;`)}
      if (index < ${BLOCKS_OF_A}u) {
${lines(4, (i) => `        source${i} = ${a.at(`first + 4u * block + ${i}u`)} + deep;`)}
      } else {
        deep = ${block} % ${DEEP}u;
        block = ${block} / ${DEEP}u;
${lines(4, (i) => `        source${i} = ${b.at(`walk + 4u * block + ${i}u`)} + deep;`)}
      }
      for (var start = 0u; start < QUADS; start += ${DEEP}u) {
        workgroupBarrier();
        if (index < ${BLOCKS_OF_A}u) {
${stage("a", a, quads)}
        } else if (index < ${BLOCKS}u) {
${stage("b", b, quads)}
        }
        workgroupBarrier();
${
    lines(DEPTH, (d) =>
      `        {
          let a = stage_a[${d}][row / 4u];
          let b = stage_b[${d}][lane];
${lines(4, (r) => `          ${name}${r} += a.${component[r]} * b;`)}
        }`)
  }
      }
    }`;
}

/** Copies a block, from `start` on, as [dimension][vector]; zeros past the vectors' end. */
function stage(name: "a" | "b", { array }: Operand, quads: number): string {
  const read = (i: number) =>
    quads % DEEP === 0
      ? `vec4f(${array}[source${i} + start])`
      : `select(vec4f(), vec4f(${array}[source${i} + min(start, QUADS - 1u - deep)]), start + deep < QUADS)`;
  return `${lines(4, (i) => `          let vector${i} = ${read(i)};`)}
${
    lines(4, (i) => {
      const c = component[i];
      return `          stage_${name}[4u * deep + ${i}u][block] = vec4f(vector0.${c}, vector1.${c}, vector2.${c}, vector3.${c});`;
    })
  }`;
}

/** The 4 rows' values of all invocations across, through workgroup memory. */
function acrossRow(values: (r: number) => string): string {
  return `    workgroupBarrier();
    stage_a[lane][row / 4u] = vec4f(${range(4).map(values).join(", ")});
    workgroupBarrier();`;
}

function rowMaxima(name: string, values: (r: number) => string): string {
  return `${acrossRow(values)}
    var ${name} = stage_a[0][row / 4u];
${
    lines(
      ACROSS - 1,
      (i) => `    ${name} = max(${name}, stage_a[${i + 1}][row / 4u]);`,
    )
  }
${lines(4, (r) => `    let ${name}${r} = ${name}.${component[r]};`)}`;
}

function rowSums(name: string, values: (r: number) => string): string {
  return `${acrossRow(values)}
    var ${name} = vec4f();
${lines(ACROSS, (i) => `    ${name} += stage_a[${i}][row / 4u];`)}
${lines(4, (r) => `    let ${name}${r} = ${name}.${component[r]};`)}`;
}

function addWeighted(into: string, { array, at }: Operand, quads: number): string {
  const owned = Math.ceil(quads / ACROSS);
  return lines(ACROSS, (k) =>
    `    {
${lines(4, (c) => `      let source${c} = ${at(`walk + ${4 * k + c}u`)};`)}
${lines(4, (r) => `      let weights${r} = weights[row + ${r}u][${k}];`)}
${
      lines(owned, (i) =>
        `      {
        let quad = ${clampedQuad(quads, ACROSS, i)};
${lines(4, (c) => `        let vector${c} = vec4f(${array}[source${c} + quad]);`)}
${
          lines(4, (r) =>
            lines(
              4,
              (c) => `        ${into}${r}_${i} += weights${r}.${component[c]} * vector${c};`,
            ))
        }
      }`)
    }
    }`);
}
