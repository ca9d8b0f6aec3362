/**
 * Matmul for real GPUs: a workgroup computes a tileM × tileN tile of out. Every round stages
 * tileM × tileK of A and tileK × tileN of B in workgroup memory, both as [k][m or n], and each
 * invocation adds the outer products for its 8 × 8 block, held in 16 vec4 registers: 64 multiply-
 * adds for 4 vec4 reads of workgroup memory per step of k.
 *
 * Staging goes by 4 × 4 blocks: four vec4 reads along the operand's rows; where those run along k
 * the block is transposed in registers, so that workgroup memory is only ever accessed by vec4.
 * An invocation's 8 rows are two groups of 4, half a tile apart (the same for columns), so that
 * neighbours read neighbouring vec4s: no bank conflicts.
 */

import { type MatmulText, preamble } from "./operands.ts";

/** A tile in workgroup memory. */
export interface SharedTile {
  /** Rows of out per workgroup; a multiple of 8 */
  tileM: number;
  /** Columns of out per workgroup; a multiple of 8 */
  tileN: number;
  /** Steps of k staged at a time; a multiple of 4 */
  tileK: number;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Invocations of a workgroup: one per 8 × 8 block. */
export const sharedInvocations = ({ tileM, tileN }: SharedTile) => tileM * tileN / 64;

/** Bytes of workgroup memory. */
export const sharedBytes = ({ tileM, tileN, tileK }: SharedTile) => 4 * tileK * (tileM + tileN);

export function sharedMatmulCode(text: MatmulText, tile: SharedTile): string {
  const { tileM, tileN, tileK } = tile;
  const { layout } = text;
  const across = tileN / 8;
  return `// out = a · b by ${tileM} × ${tileN} tiles in workgroup memory, 8 × 8 per invocation.
${preamble(text)}
var<workgroup> tile_a: array<quad, ${tileK * tileM / 4}>;
var<workgroup> tile_b: array<quad, ${tileK * tileN / 4}>;

@compute @workgroup_size(${sharedInvocations(tile)})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let row = group.y * ${tileM}u;
  let column = group.x * ${tileN}u;
  let y = index / ${across}u;
  let x = index % ${across}u;
${range(8).map((r) => `  var c${r}l = vec4f();\n  var c${r}r = vec4f();`).join("\n")}
  slice = group.z;
  let end = min(params.k, (slice + 1u) * params.chunk);
  for (var k = slice * params.chunk; k < end; k += ${tileK}u) {
${stage("a", "row", tileM, layout !== "tn", tile)}
${stage("b", "column", tileN, layout === "nt", tile)}
    workgroupBarrier();
${products(text, tile)}
    workgroupBarrier();
  }
${range(8).map((r) => finishRow(r, tileM, tileN)).join("\n")}
}
`;
}

/** Copies one operand's tile by 4 × 4 blocks; `alongK` where its stored rows run along k. */
function stage(name: "a" | "b", base: string, size: number, alongK: boolean, tile: SharedTile) {
  const invocations = sharedInvocations(tile);
  const blocks = size * tile.tileK / 16;
  const acrossK = tile.tileK / 4;
  const rounds = Math.ceil(blocks / invocations);
  const body = (round: number) => {
    const guard = (round + 1) * invocations > blocks ? `if (block < ${blocks}u) ` : "";
    // Neighbouring invocations read neighbouring memory: along k, or along m (n).
    const [blockK, block4] = alongK
      ? [`block % ${acrossK}u`, `block / ${acrossK}u`]
      : [`block / ${size / 4}u`, `block % ${size / 4}u`];
    return `    {
      let block = index + ${round * invocations}u;
      ${guard}{
      let bk = ${blockK};
      let bi = ${block4};
${
      alongK
        ? transposedLoads(name, base)
        : range(4).map((i) =>
          `      let v${i} = load_${name}(k + 4u * bk + ${i}u, ${base} + 4u * bi);`
        )
          .join("\n")
    }
${
      range(4).map((i) => `      tile_${name}[(4u * bk + ${i}u) * ${size / 4}u + bi] = v${i};`)
        .join("\n")
    }
      }
    }`;
  };
  return range(rounds).map(body).join("\n");
}

function transposedLoads(name: string, base: string): string {
  const loads = range(4).map((i) =>
    `      let t${i} = load_${name}(${base} + 4u * bi + ${i}u, k + 4u * bk);`
  );
  const columns = [..."xyzw"].map((c, i) =>
    `      let v${i} = quad(t0.${c}, t1.${c}, t2.${c}, t3.${c});`
  );
  return [...loads, ...columns].join("\n");
}

/** Adds all steps of k that are staged: one at a time in f32, four at a time in f16. */
function products({ types }: MatmulText, { tileM, tileN, tileK }: SharedTile): string {
  const together = types.arithmetic === "f16" ? 4 : 1;
  return range(tileK / together)
    .map((i) => outerProducts(i * together, together, tileM, tileN)).join("\n");
}

function outerProducts(first: number, count: number, tileM: number, tileN: number): string {
  const reads = range(count).map((i) => {
    const a = (first + i) * tileM / 4, b = (first + i) * tileN / 4;
    return `      let p${i} = tile_a[${a}u + y];
      let q${i} = tile_a[${a + tileM / 8}u + y];
      let l${i} = tile_b[${b}u + x];
      let r${i} = tile_b[${b + tileN / 8}u + x];`;
  });
  const sum = (r: number, side: "l" | "r") => {
    const terms = range(count).map((i) => `${r < 4 ? "p" : "q"}${i}.${"xyzw"[r % 4]} * ${side}${i}`)
      .join(" + ");
    return `      c${r}${side} += ${count > 1 ? `vec4f(${terms})` : terms};`;
  };
  const sums = range(8).flatMap((r) => [sum(r, "l"), sum(r, "r")]);
  return `    {
${reads.join("\n")}
${sums.join("\n")}
    }`;
}

function finishRow(r: number, tileM: number, tileN: number): string {
  const row = `row + ${(r < 4 ? 0 : tileM / 2) + r % 4}u + 4u * y`;
  return `  finish(${row}, column + 4u * x, c${r}l);
  finish(${row}, column + ${tileN / 2}u + 4u * x, c${r}r);`;
}
