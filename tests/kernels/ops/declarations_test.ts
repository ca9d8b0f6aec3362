/** Every kernel's declaration agrees with its WGSL text. Needs no GPU. */

import { assertEquals } from "@std/assert";
import { declarationProblems } from "../../../kernels/core/declaration.ts";
import { otherKernels } from "./other_kernels.ts";

Deno.test("declarations agree with the WGSL", () => {
  for (const kernel of otherKernels) assertEquals(declarationProblems(kernel), [], kernel.label);
});
