import { assertEquals } from "@std/assert";
import { clipScale, globalNorm } from "../../../kernels/reference/grad_norm.ts";

Deno.test("the norm is over all gradients together; clipping never enlarges", () => {
  assertEquals(globalNorm([Float64Array.of(3), Float64Array.of(0, -4)]), 5);
  assertEquals(clipScale(5, 10), 1);
  assertEquals(clipScale(5, 1), 1 / (5 + 1e-6));
  assertEquals(clipScale(5, 0), 1);
});
