/**
 * How both operands of a tile get into workgroup memory, as [k][m or n]: by blocks of 4 × 4 values,
 * four vec4 reads along the operand's stored rows. Where those run along k the block is transposed
 * in registers, so that workgroup memory is only ever accessed by vec4.
 *
 * The blocks of A and then of B are dealt out to the invocations, `invocations` a round: 128 × 128
 * tiles of 16 steps are 128 blocks of A and 128 of B, one for each of 256 invocations.
 *
 * Where an operand can be read by vec4 and k has no ragged end, a block's address is computed once,
 * before the loop. Rows or columns past the end of the matrix are then read too, from whatever lies
 * there (WebGPU lets no read leave the binding): what they are multiplied into is never stored.
 */

import { type MatmulText, startOf } from "./operands.ts";
import type { SharedTile } from "./tile_shared.ts";

type Name = "a" | "b";

/** The part of an operand that one round of an invocation's blocks may belong to. */
interface Part {
  name: Name;
  /** WGSL for the block's number within this operand. */
  block: string;
  /** Rows (columns) of the tile. */
  size: number;
  /** Steps of k in the tile. */
  tileK: number;
  /** Its stored rows run along k. */
  alongK: boolean;
  /** Its addresses are computed ahead. */
  direct: boolean;
  /** WGSL that is added to them. */
  from: string;
}

/** One block for each invocation. */
interface Round {
  /** WGSL for the number of the block. */
  block: string;
  a?: Part;
  b?: Part;
  /** Blocks of A, where a round has blocks of both. */
  blocksOfA: number;
  /** Blocks of both, where not every invocation has one in this round. */
  blocks?: number;
}

/** Which blocks are dealt out in which round. */
export function roundsOf(text: MatmulText, tile: SharedTile, invocations: number): Round[] {
  const { layout, vectors, whole } = text, { tileM, tileN, tileK } = tile;
  const blocksOfA = tileM * tileK / 16, blocks = blocksOfA + tileN * tileK / 16;
  const part = (name: Name, block: string): Part => ({
    name,
    block,
    size: name === "a" ? tileM : tileN,
    tileK,
    alongK: name === "a" ? layout !== "tn" : layout === "nt",
    direct: whole && vectors[name],
    from: startOf(name, text),
  });
  const rounds: Round[] = [];
  for (let done = 0; done < blocks; done += invocations) {
    const block = `(index + ${done}u)`;
    rounds.push({
      block,
      a: done < blocksOfA ? part("a", block) : undefined,
      b: done + invocations > blocksOfA ? part("b", `(${block} - ${blocksOfA}u)`) : undefined,
      blocksOfA,
      blocks: done + invocations > blocks ? blocks : undefined,
    });
  }
  return rounds;
}

/** WGSL of the staging: before the loop, and within it. */
export interface Staging {
  setup: string;
  /** Reads the round that begins at `k` into registers. */
  read(k: string): string;
  /** Writes the registers to workgroup memory. */
  write: string;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

export function staging(rounds: readonly Round[]): Staging {
  const each = (statement: (part: Part, round: number) => string) =>
    rounds.map((round, r) => branched(round, (part) => statement(part, r))).join("\n");
  const declared = rounds.map((_, r) =>
    `  var tile_step${r} = 0u; var tile_quad${r} = 0u; var source${r} = 0u;
${range(4).map((i) => `  var staged${r}_${i} = quad();`).join("\n")}`
  );
  return {
    setup: [...declared, each(place)].join("\n"),
    read: (k) =>
      each((part, r) =>
        range(4).map((i) => `staged${r}_${i} = ${value(part, r, i, k)};`).join("\n      ")
      ),
    write: each((part, r) =>
      range(4).map((i) =>
        `tile_${part.name}[tile_step${r} + ${i}u][tile_quad${r}] = ${staged(part, r, i)};`
      )
        .join("\n      ")
    ),
  };
}

/** The statements for the operand that the invocation's block belongs to. */
function branched({ block, a, b, blocksOfA, blocks }: Round, statements: (part: Part) => string) {
  const exists = blocks === undefined ? "" : `if (${block} < ${blocks}u) `;
  if (a && b) {
    return `    if (${block} < ${blocksOfA}u) {
      ${statements(a)}
    } else ${exists}{
      ${statements(b)}
    }`;
  }
  return `    ${exists}{\n      ${statements((a ?? b)!)}\n    }`;
}

/**
 * Sets the block's first step of k, its place among the fours of rows (columns), and where it lies
 * in the operand at step 0, in vec4s. Neighbouring invocations read neighbouring memory: along k, or
 * along m (n).
 */
function place({ name, block, size, tileK, alongK, direct, from }: Part, r: number): string {
  const [step, four] = alongK
    ? [`${block} % ${tileK / 4}u`, `${block} / ${tileK / 4}u`]
    : [`${block} / ${size / 4}u`, `${block} % ${size / 4}u`];
  const along = `${first(name)} + 4u * tile_quad${r}`;
  const [row, column] = alongK ? [along, `tile_step${r}`] : [`tile_step${r}`, along];
  const at = `source${r} = ((${row}) * ${stride(name, alongK)} + ${column}${from}) >> 2u;`;
  return `tile_step${r} = 4u * (${step}); tile_quad${r} = ${four};${direct ? ` ${at}` : ""}`;
}

/** WGSL for the tile's first row (column) in the operand. */
const first = (name: Name) => name === "a" ? "row" : "column";

/** WGSL for values from one stored row of the operand to the next. */
const stride = (name: Name, alongK: boolean) =>
  name === "a" ? "params.a_stride" : alongK ? "params.k" : "params.n";

/** The i-th of the block's stored rows, in the round that begins at `k`. */
function value({ name, alongK, direct }: Part, r: number, i: number, k: string): string {
  if (direct) {
    const rows = `(${stride(name, alongK)} >> 2u)`;
    const offset = alongK ? `${i}u * ${rows} + (${k} >> 2u)` : `(${k} + ${i}u) * ${rows}`;
    return `quad(${name}[source${r} + (${offset})])`;
  }
  const along = `${first(name)} + 4u * tile_quad${r}`, step = `${k} + tile_step${r}`;
  return alongK
    ? `load_${name}(${along} + ${i}u, ${step})`
    : `load_${name}(${step} + ${i}u, ${along})`;
}

/** What is written for step i of the block. */
const staged = ({ alongK }: Part, round: number, i: number) =>
  alongK
    ? `quad(${range(4).map((r) => `staged${round}_${r}.${"xyzw"[i]}`).join(", ")})`
    : `staged${round}_${i}`;
