/**
 * Matmul without workgroup memory or barriers, for adapters that run on a CPU, where a barrier
 * costs more than re-reading the cache.
 *
 * Each lane owns `quads` vec4 columns of `rows` rows; the vec4s of neighbouring lanes lie side by
 * side. Every round takes 4 steps of k: the lane reads its own 4 rows of B, and the `rows` × 4
 * block of A that all lanes need
 *   - lanes = 1: by itself, or
 *   - lanes > 1: shared out over the subgroup, then handed round with subgroupBroadcast.
 * The block is unrolled in the text because lavapipe keeps arrays in memory, not in registers, and
 * all four steps of k are added to a value at once: there are more values than the CPU's registers,
 * so that each visit costs a load and a store.
 */

import { type MatmulText, preamble, stepsOf } from "./operands.ts";

/** A tile in registers, without workgroup memory. */
export interface DirectTile {
  /** Subgroup size, which is then also the workgroup size; 1 to use no subgroups. */
  lanes: number;
  /** Rows per lane; a multiple of 4 · lanes in layout tn, of lanes otherwise. */
  rows: number;
  /** vec4 columns per lane. */
  quads: number;
}

/** Lanes of a workgroup that shares nothing. */
const INDEPENDENT_LANES = 16;

const workgroupOf = ({ lanes }: DirectTile) => lanes > 1 ? lanes : INDEPENDENT_LANES;

/** What one workgroup computes. */
export const directExtent = (tile: DirectTile) => ({
  rows: tile.rows,
  columns: 4 * tile.quads * workgroupOf(tile),
});

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const component = "xyzw";

export function directMatmulCode(text: MatmulText, tile: DirectTile): string {
  const { lanes, rows, quads } = tile;
  const workgroup = workgroupOf(tile);
  const { loads, value } = text.layout === "tn" ? columnsOfA(lanes, rows) : rowsOfA(lanes, rows);
  const each = (line: (r: number, q: number) => string) =>
    range(rows).flatMap((r) => range(quads).map((q) => line(r, q))).join("\n");
  const products = (r: number, q: number) =>
    range(4).map((k) => `${value(r, k)} * b_step${k}_${q}`).join(" + ");
  const { start, end } = stepsOf(text);
  const half = text.types.arithmetic === "f16";
  const sum = (r: number, q: number) => half ? `vec4f(${products(r, q)})` : products(r, q);
  return `// out = a · b, barrier-free: ${rows} rows × ${quads} vec4 columns per lane.
${preamble(text)}
@compute @workgroup_size(${workgroup})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * ${rows}u;
  let first = (group.x * ${workgroup * quads}u + lane) * 4u;
${range(quads).map((q) => `  let column${q} = first + ${4 * workgroup * q}u;`).join("\n")}
${each((r, q) => `  var sum${r}_${q} = vec4f();`)}
  slice = group.z;
  let end = ${end};
  for (var k = ${start}; k < end; k += 4u) {
${loads.join("\n")}
${range(quads).flatMap((q) => blockOfB(text, q)).join("\n")}
${each((r, q) => `    sum${r}_${q} = sum${r}_${q} + ${sum(r, q)};`)}
  }
${each((r, q) => `  finish(row + ${r}u, column${q}, sum${r}_${q});`)}
}
`;
}

/** A stored (M, K): a vec4 is four steps of k of one row. */
function rowsOfA(lanes: number, rows: number) {
  const own = lanes > 1 ? " + lane" : "";
  return {
    loads: range(rows / lanes).map((i) =>
      `    let a_quad${i} = load_a(row + ${i * lanes}u${own}, k);`
    ),
    value: (r: number, k: number) =>
      share(lanes, `a_quad${Math.floor(r / lanes)}.${component[k]}`, r % lanes),
  };
}

/** A stored (K, M): a vec4 is one step of k of four rows. */
function columnsOfA(lanes: number, rows: number) {
  const perLoad = 4 * lanes;
  const own = lanes > 1 ? " + 4u * lane" : "";
  const perStep = rows / perLoad;
  return {
    loads: range(4 * perStep).map((i) => {
      const k = Math.floor(i / perStep), block = i % perStep;
      return `    let a_quad${i} = load_a(k + ${k}u, row + ${block * perLoad}u${own});`;
    }),
    value: (r: number, k: number) => {
      const block = Math.floor(r / perLoad), within = r % perLoad;
      const name = `a_quad${k * perStep + block}.${component[within % 4]}`;
      return share(lanes, name, Math.floor(within / 4));
    },
  };
}

const share = (lanes: number, value: string, lane: number) =>
  lanes > 1 ? `subgroupBroadcast(${value}, ${lane}u)` : value;

/** b_step0 … b_step3: a vec4 of columns at four steps of k. */
function blockOfB({ layout }: MatmulText, q: number): string[] {
  if (layout !== "nt") {
    return range(4).map((k) => `    let b_step${k}_${q} = load_b(k + ${k}u, column${q});`);
  }
  return [
    ...range(4).map((n) => `    let b_column${n}_${q} = load_b(column${q} + ${n}u, k);`),
    ...range(4).map((k) => {
      const parts = range(4).map((n) => `b_column${n}_${q}.${component[k]}`);
      return `    let b_step${k}_${q} = quad(${parts.join(", ")});`;
    }),
  ];
}
