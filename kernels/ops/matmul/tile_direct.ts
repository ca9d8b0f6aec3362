/**
 * Matmul without workgroup memory or barriers, for adapters that run on a CPU, where a barrier
 * costs more than re-reading the cache.
 *
 * Each lane owns four neighbouring columns of `rows` rows and keeps them in registers; neighbouring
 * lanes own neighbouring columns. Every round takes 4 steps of k: the lane reads a 4×4 block of B
 * for itself, and the `rows`×4 block of A that all lanes need
 *   - lanes = 1: by itself, or
 *   - lanes > 1: shared out over the subgroup, then handed round with subgroupBroadcast.
 * The block is unrolled in the text because lavapipe keeps arrays in memory, not in registers.
 */

import { type MatmulText, preamble } from "./operands.ts";

export interface DirectTile {
  /** Subgroup size, which is then also the workgroup size; 1 to use no subgroups. */
  lanes: number;
  /** Rows per lane; a multiple of 4 · lanes in layout tn, of lanes otherwise. */
  rows: number;
}

/** Lanes of a workgroup that shares nothing. */
const INDEPENDENT_LANES = 16;

export const directWorkgroup = ({ lanes, rows }: DirectTile) => ({
  rows,
  columns: 4 * (lanes > 1 ? lanes : INDEPENDENT_LANES),
});

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const component = "xyzw";

export function directMatmulCode(text: MatmulText, { lanes, rows }: DirectTile): string {
  const workgroup = lanes > 1 ? lanes : INDEPENDENT_LANES;
  const { loads, value } = text.layout === "tn" ? columnsOfA(lanes, rows) : rowsOfA(lanes, rows);
  const updates = range(4).flatMap((k) =>
    range(rows).map((r) => `    c${r} += ${value(r, k)} * b${k};`)
  );
  return `// out = a · b by independent lanes, ${rows} rows × 4 columns each.
${preamble(text)}
@compute @workgroup_size(${workgroup})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let column = (group.x * ${workgroup}u + lane) * 4u;
  let row = group.y * ${rows}u;
${range(rows).map((r) => `  var c${r} = vec4f();`).join("\n")}
  for (var k = 0u; k < params.k; k += 4u) {
${loads.join("\n")}
${blockOfB(text).join("\n")}
${updates.join("\n")}
  }
${range(rows).map((r) => `  finish(row + ${r}u, column, c${r});`).join("\n")}
}
`;
}

/** A stored (M, K): a vec4 is four steps of k of one row. */
function rowsOfA(lanes: number, rows: number) {
  const own = lanes > 1 ? " + lane" : "";
  return {
    loads: range(rows / lanes).map((i) => `    let a${i} = load_a(row + ${i * lanes}u${own}, k);`),
    value: (r: number, k: number) =>
      share(lanes, `a${Math.floor(r / lanes)}.${component[k]}`, r % lanes),
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
      return `    let a${i} = load_a(k + ${k}u, row + ${block * perLoad}u${own});`;
    }),
    value: (r: number, k: number) => {
      const block = Math.floor(r / perLoad), within = r % perLoad;
      const name = `a${k * perStep + block}.${component[within % 4]}`;
      return share(lanes, name, Math.floor(within / 4));
    },
  };
}

const share = (lanes: number, value: string, lane: number) =>
  lanes > 1 ? `subgroupBroadcast(${value}, ${lane}u)` : value;

/** b0 … b3: the lane's four columns at four steps of k. */
function blockOfB({ layout }: MatmulText): string[] {
  if (layout !== "nt") return range(4).map((k) => `    let b${k} = load_b(k + ${k}u, column);`);
  return [
    ...range(4).map((n) => `    let t${n} = load_b(column + ${n}u, k);`),
    ...range(4).map((k) => {
      const parts = range(4).map((n) => `t${n}.${component[k]}`);
      return `    let b${k} = vec4f(${parts.join(", ")});`;
    }),
  ];
}
