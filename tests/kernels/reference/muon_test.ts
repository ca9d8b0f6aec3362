/** Muon's float64 twin by what orthogonality means, and part by part. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { matmul } from "../../../kernels/reference/matmul.ts";
import { muonScale, muonUpdate, orthogonalized } from "../../../kernels/reference/muon.ts";
import { normals } from "../../helpers/finite_differences.ts";

Deno.test("singular values come near 1, and vectors stay", () => {
  // U · Σ · Vᵀ with known factors: rotations by 30° and 50° around diag(3, 0.1), seen as 2 × 2.
  const rotation = (degrees: number) => {
    const [c, s] = [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];
    return Float64Array.of(c, -s, s, c);
  };
  const product = (a: Float64Array, b: Float64Array, layout: "nn" | "nt") =>
    matmul({ a, b, m: 2, n: 2, k: 2, layout });
  const u = rotation(30), v = rotation(50);
  const values = product(product(u, Float64Array.of(3, 0, 0, 0.1), "nn"), v, "nt");
  const result = orthogonalized({ values, rows: 2, columns: 2 });
  // Uᵀ · result · V is diagonal again: only the singular values have changed.
  const transposed = (m: Float64Array) => Float64Array.of(m[0], m[2], m[1], m[3]);
  const [first, right, below, second] = product(product(transposed(u), result, "nn"), v, "nn");
  assertAlmostEquals(right, 0, 1e-12);
  assertAlmostEquals(below, 0, 1e-12);
  for (const value of [first, second]) assert(value > 0.68 && value < 1.21, `${value}`);
});

Deno.test("a tall matrix is its transpose's result, transposed, and scale does not matter", () => {
  const values = normals(35, 1);
  const wide = orthogonalized({ values, rows: 5, columns: 7 });
  const flipped = values.map((_, i) => values[(i % 5) * 7 + Math.floor(i / 5)]);
  const tall = orthogonalized({ values: flipped, rows: 7, columns: 5 });
  tall.forEach((value, i) =>
    assertAlmostEquals(value, wide[(i % 5) * 7 + Math.floor(i / 5)], 1e-12)
  );
  const scaled = orthogonalized({ values: values.map((x) => 1e4 * x), rows: 5, columns: 7 });
  scaled.forEach((value, i) => assertAlmostEquals(value, wide[i], 1e-12));
});

Deno.test("a gradient of zeros moves nothing but by weight decay", () => {
  const state = { param: Float64Array.of(1, 2, 3, 4), moment1: new Float64Array(4) };
  const hyper = { learningRate: 0.1, momentum: 0.95, weightDecay: 0.5, parts: 1 };
  muonUpdate(state, new Float64Array(4), [2, 2], hyper);
  assertEquals([...state.param].map((x) => x.toFixed(6)), [
    "0.950000",
    "1.900000",
    "2.850000",
    "3.800000",
  ]);
});

Deno.test("parts side by side are updated as matrices of their own", () => {
  const [rows, columns, parts] = [4, 6, 3];
  const grad = normals(rows * columns * parts, 2), param = normals(grad.length, 3);
  const hyper = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.1 };
  const together = { param: param.slice(), moment1: new Float64Array(grad.length) };
  muonUpdate(together, grad, [rows, columns * parts], { ...hyper, parts });
  for (let part = 0; part < parts; part++) {
    const own = (all: Float64Array) =>
      all.filter((_, i) => Math.floor(i % (columns * parts) / columns) === part);
    const alone = { param: own(param), moment1: new Float64Array(rows * columns) };
    muonUpdate(alone, own(grad), [rows, columns], { ...hyper, parts: 1 });
    assertEquals(own(together.param), alone.param);
  }
  assertAlmostEquals(muonScale(192, 768), 0.2 * Math.sqrt(768), 1e-12);
});
