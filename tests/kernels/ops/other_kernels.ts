/** Every kernel but the products of matrices (kernels/ops/matmul), of which there are many. */

import type { KernelDeclaration } from "../../../kernels/core/kernel.ts";
import * as adamw from "../../../kernels/ops/adamw.ts";
import { attentionDelta, attentionKernels } from "../../../kernels/ops/attention.ts";
import { subgroupBlocking } from "../../../kernels/ops/attention_subgroup.ts";
import { tileBlocking } from "../../../kernels/ops/attention_tile.ts";
import * as columnSums from "../../../kernels/ops/column_sums.ts";
import * as crossEntropy from "../../../kernels/ops/cross_entropy.ts";
import * as dropout from "../../../kernels/ops/dropout.ts";
import * as embedding from "../../../kernels/ops/embedding.ts";
import * as gelu from "../../../kernels/ops/gelu.ts";
import * as gradNorm from "../../../kernels/ops/grad_norm.ts";
import * as layernorm from "../../../kernels/ops/layernorm.ts";
import * as muon from "../../../kernels/ops/muon.ts";
import * as lossScale from "../../../kernels/ops/loss_scale.ts";

const modules = [
  adamw,
  { attentionDelta },
  ...[tileBlocking, subgroupBlocking(4), subgroupBlocking(8)].flatMap((blocking) =>
    [false, true].map((dropping) => attentionKernels({ headSize: 64, blocking, dropping }))
  ),
  columnSums,
  crossEntropy,
  dropout,
  embedding,
  gelu,
  gradNorm,
  layernorm,
  lossScale,
  muon,
];

/** Kernels are exported as they are, or as the two variants of a reduction. */
function kernelsOf(exported: object): KernelDeclaration[] {
  return Object.values(exported).flatMap((value) => {
    const variants = "portable" in Object(value) ? [value.portable, value.subgroup] : [value];
    return variants.filter((kernel) => "bindings" in Object(kernel));
  });
}

export const otherKernels: readonly KernelDeclaration[] = modules.flatMap((module) => {
  const kernels = kernelsOf(module);
  if (kernels.length === 0) throw new TypeError("A module of kernels exports none");
  return kernels;
});
