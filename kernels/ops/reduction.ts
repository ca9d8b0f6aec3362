/**
 * Kernels that reduce over their workgroup, in two variants: one subgroup per workgroup where the
 * adapter's subgroups have one known size, a tree in workgroup memory otherwise.
 */

import type { Gpu } from "../core/device.ts";
import {
  type Access,
  defineKernel,
  type KernelDeclaration,
  type ScalarType,
} from "../core/kernel.ts";
import portable from "./reduce_portable.wgsl" with { type: "text" };
import subgroup from "./reduce_subgroup.wgsl" with { type: "text" };

/** What a caller may fix instead of leaving it to the adapter. */
export interface Tuning {
  /** Invocations per workgroup, a power of two; a reduction then takes its portable variant. */
  workgroup?: number;
}

/** Invocations of the portable variant: enough to hide latency, few enough for short rows. */
const PORTABLE_WORKGROUP = 64;

/** A kernel whose WGSL calls `workgroup_sum` or `workgroup_max` and takes its `WG` from there. */
export function defineReduction<
  const P extends Record<string, ScalarType>,
  const B extends Record<string, Access>,
>(declaration: Omit<KernelDeclaration<P, B, "WG">, "overrides">) {
  const variant = (suffix: string, reduce: string) =>
    defineKernel<P, B, "WG">({
      ...declaration,
      label: `${declaration.label}${suffix}`,
      code: reduce + declaration.code,
      overrides: ["WG"],
    });
  const variants = { portable: variant("", portable), subgroup: variant("_subgroup", subgroup) };
  return {
    ...variants,
    /** The variant for this adapter and its workgroup size. */
    choose({ subgroups }: Gpu, { workgroup }: Tuning = {}) {
      const oneSize = subgroups && subgroups.min === subgroups.max;
      return oneSize && !workgroup
        ? { kernel: variants.subgroup, overrides: { WG: subgroups.max } }
        : { kernel: variants.portable, overrides: { WG: workgroup ?? PORTABLE_WORKGROUP } };
    },
  };
}
