/** Which tilings there are for an adapter, and which one a product gets. */

import type { Gpu } from "../../core/device.ts";
import type { Layout, Real } from "./operands.ts";
import type { DirectTile } from "./tile_direct.ts";
import { sharedBytes, sharedInvocations, type SharedTile } from "./tile_shared.ts";

/** How a matrix product is divided among invocations. */
export type Tiling =
  | { kind: "direct" } & DirectTile
  | { kind: "shared" } & SharedTile;

/** What decides a tiling: the loops of one product. */
export interface Product {
  /** Of both operands. */
  type: Real;
  layout: Layout;
  m: number;
  n: number;
  k: number;
}

/** Tilings found by measurement (autotune.ts), by the name of the product. */
export type Tilings = Record<string, Tiling>;

export const productName = ({ type, layout, m, n, k }: Product): string =>
  `${type} ${layout} ${m}x${n}x${k}`;

const measured = new WeakMap<GPUDevice, Tilings>();

/** From now on products on this device get these tilings. */
export function useTilings({ device }: Gpu, tilings: Tilings): void {
  measured.set(device, tilings);
}

/** The tiling that was measured for this product, else what suits the adapter. */
export const tilingFor = (gpu: Gpu, product: Product): Tiling =>
  measured.get(gpu.device)?.[productName(product)] ?? chooseTiling(gpu);

/**
 * Software adapters get the barrier-free tiling, with the subgroup's help where its size is known
 * to be fixed; real GPUs the largest tile in workgroup memory that their limits allow.
 *
 * Two vec4 columns per lane pay on lavapipe; on SwiftShader they gain little and double the
 * compilation. `deno task bench kernels` measures the tiling that is chosen here.
 */
export function chooseTiling(gpu: Gpu): Tiling {
  if (gpu.software) {
    const lanes = fixedLanes(gpu);
    return { kind: "direct", lanes, rows: lanes > 1 ? 4 * lanes : 8, quads: lanes === 4 ? 1 : 2 };
  }
  const tile = { tileM: 128, tileN: 128, tileK: 16, ahead: false };
  return { kind: "shared", ...(fits(gpu, tile) ? tile : { ...tile, tileM: 64, tileN: 64 }) };
}

/**
 * What autotune compares: the adapter's usual tiling first, then the others by how likely they win.
 * Smaller tiles fill a GPU that large ones leave idle, deeper ones have fewer barriers.
 */
export function candidateTilings(gpu: Gpu, layout: Layout): Tiling[] {
  const usual = chooseTiling(gpu);
  const others: Tiling[] = gpu.software ? directTilings(gpu, layout) : sharedTilings(gpu);
  const same = (tiling: Tiling) => JSON.stringify(tiling) === JSON.stringify(usual);
  return [usual, ...others.filter((tiling) => !same(tiling))];
}

function sharedTilings(gpu: Gpu): Tiling[] {
  const tile = (tileM: number, tileN: number, tileK: number, ahead: boolean) =>
    ({ kind: "shared", tileM, tileN, tileK, ahead }) as const;
  return [
    tile(128, 128, 16, true),
    tile(64, 64, 16, true),
    tile(128, 64, 16, true),
    tile(64, 128, 16, true),
    tile(64, 64, 16, false),
    tile(128, 128, 8, true),
    tile(64, 64, 32, false),
  ].filter((tile) => fits(gpu, tile));
}

/** In layout tn a lane's share of A comes by four rows (tile_direct.ts). */
function directTilings(gpu: Gpu, layout: Layout): Tiling[] {
  const lanes = fixedLanes(gpu);
  if (lanes === 1) return [{ kind: "direct", lanes, rows: 16, quads: 1 }];
  const tile = (rows: number, quads: number) => ({ kind: "direct", lanes, rows, quads }) as const;
  const tall = [tile(4 * lanes, 1), tile(8 * lanes, 1), tile(4 * lanes, 2)];
  return layout === "tn" ? tall : [tile(2 * lanes, 4), ...tall];
}

const fixedLanes = ({ subgroups }: Gpu) =>
  subgroups && subgroups.min === subgroups.max ? subgroups.min : 1;

const fits = ({ limits }: Gpu, tile: SharedTile) =>
  sharedInvocations(tile) <= limits.maxComputeInvocationsPerWorkgroup &&
  sharedBytes(tile) <= limits.maxComputeWorkgroupStorageSize;
