/**
 * The blocking of attention for adapters that run on a CPU and have subgroups: a workgroup is one
 * subgroup and holds 16 rows × 4 columns of scores per lane in registers.
 *
 * What all lanes need (a quad of dimensions of every row, a quad of weights of every row) each lane
 * reads for its own share of the rows, and subgroupBroadcast hands it round: 16 multiply-adds per
 * broadcast vec4. Reading the same address from all lanes would cost 8 reads there. With one
 * subgroup per workgroup, a barrier switches between nothing and is cheap.
 */

import { type Blocking, clampedQuad, component, lines, type Operand } from "./attention_code.ts";

/**
 * On lavapipe at nano's shape 32 rows take 0.83 of the time of 16, but 14 s instead of 6 to compile.
 */
const ROWS = 16;

export function subgroupBlocking(lanes: number): Blocking {
  const shares = ROWS / lanes;
  return {
    name: `subgroup_${lanes}`,
    rows: ROWS,
    columns: 4 * lanes,
    held: ROWS,
    lanes,
    declarations: `var<workgroup> weights: array<vec4f, ${ROWS * lanes}>;`,
    invocations: lanes,
    lane: "index",
    row: "0u",
    product: (name, a, b) => product(lanes, shares, name, a, b),
    rowMaxima: (name, values) =>
      lines(ROWS, (r) => `    let ${name}${r} = subgroupMax(${values(r)});`),
    rowSums: (name, values) =>
      lines(ROWS, (r) => `    let ${name}${r} = subgroupAdd(${values(r)});`),
    exchange: (values) => `
    workgroupBarrier();
${lines(ROWS, (r) => `    weights[${r * lanes}u + lane] = ${values(r)};`)}
    workgroupBarrier();`,
    addWeighted: (into, operand, quads) => addWeighted(lanes, shares, into, operand, quads),
  };
}

/** The vec4 of row r, which lane r % lanes read as its share r / lanes. */
const ofRow = (name: string, r: number, lanes: number) =>
  `subgroupBroadcast(${name}${Math.floor(r / lanes)}, ${r % lanes}u)`;

function product(lanes: number, shares: number, name: string, a: Operand, b: Operand): string {
  return `
${lines(ROWS, (r) => `    var ${name}${r} = vec4f();`)}
    {
${lines(shares, (i) => `      let a_at${i} = ${a.at(`first + ${i * lanes}u + lane`)};`)}
${lines(4, (c) => `      let b_at${c} = ${b.at(`walk + 4u * lane + ${c}u`)};`)}
      for (var quad = 0u; quad < QUADS; quad++) {
${lines(shares, (i) => `        let a${i} = vec4f(${a.array}[a_at${i} + quad]);`)}
${lines(4, (c) => `        let b${c} = vec4f(${b.array}[b_at${c} + quad]);`)}
${
    lines(4, (i) => {
      const c = component[i];
      return `        let b_part${i} = vec4f(b0.${c}, b1.${c}, b2.${c}, b3.${c});`;
    })
  }
${
    lines(ROWS, (r) =>
      `        let row${r} = ${ofRow("a", r, lanes)};
        ${name}${r} += row${r}.x * b_part0 + row${r}.y * b_part1 + row${r}.z * b_part2 + row${r}.w * b_part3;`)
  }
      }
    }`;
}

function addWeighted(
  lanes: number,
  shares: number,
  into: string,
  { array, at }: Operand,
  quads: number,
): string {
  const owned = Math.ceil(quads / lanes);
  return `
    for (var k = 0u; k < ${lanes}u; k++) {
${lines(4, (c) => `      let source${c} = ${at(`walk + 4u * k + ${c}u`)};`)}
${lines(shares, (i) => `      let weights${i} = weights[(${i * lanes}u + lane) * ${lanes}u + k];`)}
${
    lines(owned, (i) =>
      `      let quad${i} = ${clampedQuad(quads, lanes, i)};
${lines(4, (c) => `      let vector${c}_${i} = vec4f(${array}[source${c} + quad${i}]);`)}`)
  }
${
    lines(ROWS, (r) =>
      `      let row${r} = ${ofRow("weights", r, lanes)};
${
        lines(owned, (i) =>
          `      ${into}${r}_${i} += row${r}.x * vector0_${i} + row${r}.y * vector1_${i} + row${r}.z * vector2_${i} + row${r}.w * vector3_${i};`)
      }`)
  }
    }`;
}
