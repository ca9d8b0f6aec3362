/** Every kernel's declaration agrees with its WGSL text. Needs no GPU. */

import { assert, assertEquals } from "@std/assert";
import { declarationProblems } from "../../../kernels/core/declaration.ts";
import { epilogueBindings } from "../../../kernels/ops/matmul/operands.ts";
import { otherKernels } from "./other_kernels.ts";

Deno.test("no kernel binds more storage buffers than WebGPU guarantees", () => {
  for (const { label, bindings } of otherKernels) {
    assert(Object.keys(bindings).length <= 8, `${label} binds ${Object.keys(bindings).length}`);
  }
  for (const bindings of Object.values(epilogueBindings)) {
    assert(2 + Object.keys(bindings).length <= 8);
  }
});

Deno.test("declarations agree with the WGSL", () => {
  for (const kernel of otherKernels) assertEquals(declarationProblems(kernel), [], kernel.label);
});
