import { assertEquals } from "@std/assert";
import { matmul, type MatmulLayout } from "../../../kernels/reference/matmul.ts";

Deno.test("the three layouts are one product", () => {
  // [1 2 3; 4 5 6] · [1 0; 2 1; 0 3] = [5 11; 14 23]
  const rowMajorA = [1, 2, 3, 4, 5, 6], transposedA = [1, 4, 2, 5, 3, 6];
  const rowMajorB = [1, 0, 2, 1, 0, 3], transposedB = [1, 2, 0, 0, 1, 3];
  const cases: [MatmulLayout, number[], number[]][] = [
    ["nn", rowMajorA, rowMajorB],
    ["nt", rowMajorA, transposedB],
    ["tn", transposedA, rowMajorB],
  ];
  for (const [layout, a, b] of cases) {
    const out = matmul({
      a: Float64Array.from(a),
      b: Float64Array.from(b),
      m: 2,
      n: 2,
      k: 3,
      layout,
    });
    assertEquals([...out], [5, 11, 14, 23], layout);
  }
});
