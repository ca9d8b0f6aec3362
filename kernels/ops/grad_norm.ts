/** The global L2 norm of all gradients, in two deterministic stages; it never leaves the device. */

import type { Recorder } from "../core/recorder.ts";
import { expectShape, type Tensor } from "../core/tensor.ts";
import { defineReduction, type Tuning } from "./reduction.ts";
import partialsWgsl from "./grad_norm_partials.wgsl" with { type: "text" };
import normWgsl from "./grad_norm.wgsl" with { type: "text" };

export const gradNormPartials = defineReduction({
  label: "grad_norm_partials",
  code: partialsWgsl,
  params: { quads: "u32", chunk: "u32", first: "u32" },
  bindings: { grad: "read", partials: "read_write" },
});

export const gradNormKernel = defineReduction({
  label: "grad_norm",
  code: normWgsl,
  params: { chunks: "u32" },
  bindings: { partials: "read", norm: "read_write" },
});

/** Values per chunk: for a model of 124M parameters, 15,000 workgroups and as many partials. */
const CHUNK = 8192;

const chunksOf = ({ size }: Tensor) => Math.ceil(size / CHUNK);

/** Elements that `gradNorm` needs as workspace. */
export const gradNormWorkspace = (grads: readonly Tensor[]) =>
  grads.reduce((sum, grad) => sum + chunksOf(grad), 0);

export interface GradNorm {
  /** Flat buffers with a multiple of 4 elements each, as `Arena.pack` makes them */
  grads: readonly Tensor[];
  /** (2): the norm is the first; the second is left as it is */
  norm: Tensor;
  /** At least `gradNormWorkspace(grads)` elements */
  workspace: Tensor;
}

/** norm = √ Σ grad² over all gradients together. */
export function gradNorm(
  recorder: Recorder,
  { grads, norm, workspace }: GradNorm,
  tuning?: Tuning,
): void {
  expectShape("norm", norm, [2]);
  const chunks = gradNormWorkspace(grads);
  const partials = workspace.view([chunks]);
  const stage = gradNormPartials.choose(recorder.gpu, tuning);
  let first = 0;
  for (const grad of grads) {
    if (grad.size % 4 !== 0) throw new RangeError(`${grad.label} has ${grad.size} elements`);
    recorder.dispatch(stage.kernel, {
      params: { quads: grad.size / 4, chunk: CHUNK / 4, first },
      tensors: { grad, partials },
      overrides: stage.overrides,
      workgroups: [chunksOf(grad)],
    });
    first += chunksOf(grad);
  }
  const { kernel, overrides } = gradNormKernel.choose(recorder.gpu, tuning);
  recorder.dispatch(kernel, {
    params: { chunks },
    tensors: { partials, norm },
    overrides,
    workgroups: [1],
  });
}
