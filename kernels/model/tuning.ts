/** Tilings measured for a model on an adapter, in a form that is kept in files. */

import type { Gpu } from "../core/device.ts";
import { autotune, type AutotuneOptions, isTilings, kernelsHash } from "../ops/matmul/autotune.ts";
import { productName, type Tilings, useTilings } from "../ops/matmul/tilings.ts";
import { planGpt2, type PlanOptions } from "./plan.ts";
import { productsOf } from "./products.ts";

/** Measured tilings and what they were measured on. */
export interface Tuning {
  /** The adapter's name. */
  adapter: string;
  /** Hash of the texts that were measured. */
  kernels: string;
  /** By the name of the product. */
  tilings: Tilings;
}

/** What was measured so far: nothing, on this adapter with these kernels. */
export async function emptyTuning(gpu: Gpu): Promise<Tuning> {
  return { adapter: gpu.name, kernels: await kernelsHash(gpu), tilings: {} };
}

/** The tilings of `value`, read from a file; none of them unless measured on this very adapter. */
export function tilingsOf(gpu: Gpu, { adapter, kernels }: Tuning, value: unknown): Tilings {
  const read = value as Partial<Tuning> | null | undefined;
  const same = read?.adapter === adapter && read.kernels === kernels;
  return same && isTilings(gpu, read.tilings) ? read.tilings : {};
}

/**
 * Measures what `known` lacks, about two seconds at most, and puts the tilings to use: from now on
 * products on this device take them. Returns those of this model. The same tilings give the same
 * results bit by bit; a measurement may choose differently when repeated.
 */
export async function tune(
  gpu: Gpu,
  options: PlanOptions,
  known: Tilings,
  limits?: AutotuneOptions,
): Promise<Tilings> {
  const products = productsOf(gpu, planGpt2(options));
  const missing = products.filter((product) => !known[productName(product)]);
  const all = { ...known, ...await autotune(gpu, missing, limits) };
  const names = products.map(productName).filter((name) => all[name]);
  const tilings = Object.fromEntries(names.map((name) => [name, all[name]]));
  useTilings(gpu, tilings);
  return tilings;
}
