/** The matrix products of a training step, for autotune. */

import type { Gpu } from "../core/device.ts";
import { rowBands } from "../core/tensor.ts";
import { type Product, productName } from "../ops/matmul/tilings.ts";
import { muonProducts } from "../ops/muon.ts";
import { logitChunks } from "./forward.ts";
import type { Gpt2Plan } from "./plan.ts";

/** Each once: forward, gradient of the input and gradient of the weight, for every matrix. */
export function productsOf(gpu: Gpu, plan: Gpt2Plan): Product[] {
  const { shape: { n_embd: c }, weights, gradients, precision: type } = plan;
  const rows = plan.batch * plan.shape.n_positions;
  const linear = [[c, 3 * c], [c, c], [c, 4 * c], [4 * c, c]].flatMap(([inputs, outputs]) => [
    { type, layout: "nn", m: rows, n: outputs, k: inputs } as const,
    { type, layout: "nt", m: rows, n: inputs, k: outputs } as const,
    { type, layout: "tn", m: inputs, n: outputs, k: rows } as const,
  ]);
  const head = logitChunks(plan).flatMap(({ inp: { shape: [n] } }) => [
    ...rowBands(gpu, weights.get("wte.weight")!).flatMap(({ count }) => [
      { type, layout: "nt", m: n, n: count, k: c } as const,
      { type, layout: "nn", m: n, n: c, k: count } as const,
    ]),
    ...rowBands(gpu, gradients.parts.get("wte.weight")!).map(({ count }) => (
      { type, layout: "tn", m: count, n: c, k: n } as const
    )),
  ]);
  const muon = plan.muon ? muonProducts([...plan.muon.names.values()]) : [];
  return [...new Map([...linear, ...head, ...muon].map((one) => [productName(one), one])).values()];
}
