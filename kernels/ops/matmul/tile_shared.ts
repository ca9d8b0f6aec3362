/**
 * Matmul for real GPUs: a workgroup computes a tileM × tileN tile of out. Every round stages
 * tileM × tileK of A and tileK × tileN of B in workgroup memory, both as [k][m or n] (staging.ts),
 * and each invocation adds the outer products for its 8 × 8 block, held in 16 vec4 registers: 64
 * multiply-adds for 4 vec4 reads of workgroup memory per step of k.
 *
 * An invocation's 8 rows are two groups of 4, half a tile apart (the same for columns), so that
 * neighbours read neighbouring vec4s: no bank conflicts. All reads of a round have the step of k as
 * a constant index and y or x as the other, so that one address serves them all: naga clamps every
 * index it cannot prove to be in range, and a clamp per read costs an instruction for every six
 * multiply-adds (`deno task bench instructions` counts them).
 *
 * With `ahead` the next round's values are on their way from memory while this round's products are
 * computed, for 16 registers more.
 */

import { type MatmulText, preamble, stepsOf } from "./operands.ts";
import { roundsOf, staging } from "./staging.ts";

/** A tile in workgroup memory. */
export interface SharedTile {
  /** Rows of out per workgroup; a multiple of 8 */
  tileM: number;
  /** Columns of out per workgroup; a multiple of 8 */
  tileN: number;
  /** Steps of k staged at a time; a multiple of 4 */
  tileK: number;
  /** Whether the next round is read before this one is computed. */
  ahead: boolean;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Invocations of a workgroup: one per 8 × 8 block. */
export const sharedInvocations = ({ tileM, tileN }: SharedTile) => tileM * tileN / 64;

/**
 * vec4s from one step of k to the next: one more than there are, so that invocations which write
 * neighbouring steps do not meet in one bank.
 */
const pitch = (size: number) => size / 4 + 1;

/** Bytes of workgroup memory. */
export const sharedBytes = ({ tileM, tileN, tileK }: SharedTile) =>
  16 * tileK * (pitch(tileM) + pitch(tileN));

export function sharedMatmulCode(text: MatmulText, tile: SharedTile): string {
  const { tileM, tileN, tileK, ahead } = tile;
  const across = tileN / 8;
  const rounds = roundsOf(text, tile, sharedInvocations(tile));
  const { setup, read, write } = staging(rounds);
  const { start, end } = stepsOf(text);
  return `// out = a · b by ${tileM} × ${tileN} tiles in workgroup memory, 8 × 8 per invocation.
${preamble(text)}
var<workgroup> tile_a: array<array<quad, ${pitch(tileM)}>, ${tileK}>;
var<workgroup> tile_b: array<array<quad, ${pitch(tileN)}>, ${tileK}>;

@compute @workgroup_size(${sharedInvocations(tile)})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let row = group.y * ${tileM}u;
  let column = group.x * ${tileN}u;
  let y = index / ${across}u;
  let x = index % ${across}u;
${range(8).map((r) => `  var sum${r}_left = vec4f();\n  var sum${r}_right = vec4f();`).join("\n")}
  slice = group.z;
  let start = ${start};
  let end = ${end};
${setup}
${ahead ? read("start") : ""}
  for (var k = start; k < end; k += ${tileK}u) {
${ahead ? "" : read("k")}
${write}
    workgroupBarrier();
${ahead ? `    if (k + ${tileK}u < end) {\n${read(`(k + ${tileK}u)`)}\n    }` : ""}
${products(text, tile)}
    workgroupBarrier();
  }
${range(8).map((r) => finishRow(r, tileM, tileN)).join("\n")}
}
`;
}

/**
 * Adds all steps of k that are staged: in f32 to the block itself; in f16 up to HALF_STEPS of them
 * to a block in f16, which is then added to the one in f32. Half the registers of f16 hold two values
 * each, so that one instruction does two multiply-adds; going over to f32 costs as much as a step of
 * f32 and must be rare.
 */
function products({ types }: MatmulText, { tileM, tileN, tileK }: SharedTile): string {
  const step = (into: string) => (k: number) =>
    `    {
      let a_upper = tile_a[${k}][y];
      let a_lower = tile_a[${k}][y + ${tileM / 8}u];
      let b_left = tile_b[${k}][x];
      let b_right = tile_b[${k}][x + ${tileN / 8}u];
${eachQuad((row, side) => `      ${into}${row}_${side} += ${factor(row)} * b_${side};`)}
    }`;
  if (types.arithmetic === "f32") return range(tileK).map(step("sum")).join("\n");
  const chunks = range(Math.ceil(tileK / HALF_STEPS)).map((i) => i * HALF_STEPS);
  return chunks.map((first) =>
    `    {
${eachQuad((row, side) => `    var half_sum${row}_${side} = quad();`)}
${range(Math.min(HALF_STEPS, tileK - first)).map((i) => step("half_sum")(first + i)).join("\n")}
${eachQuad((row, side) => `    sum${row}_${side} += vec4f(half_sum${row}_${side});`)}
    }`
  ).join("\n");
}

/** Products added up in f16: their sum is off by about as much as storing the factors in f16 costs. */
const HALF_STEPS = 16;

const eachQuad = (line: (row: number, side: "left" | "right") => string) =>
  range(8).flatMap((row) => [line(row, "left"), line(row, "right")]).join("\n");

const factor = (row: number) => `${row < 4 ? "a_upper" : "a_lower"}.${"xyzw"[row % 4]}`;

function finishRow(r: number, tileM: number, tileN: number): string {
  const row = `row + ${(r < 4 ? 0 : tileM / 2) + r % 4}u + 4u * y`;
  return `  finish(${row}, column + 4u * x, sum${r}_left);
  finish(${row}, column + ${tileN / 2}u + 4u * x, sum${r}_right);`;
}
