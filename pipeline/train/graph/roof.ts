/** What ONNX Runtime computes at best on this machine: the measure of a training run. */

import { GraphBuilder } from "../../lib/gpt/onnx/builder.ts";
import type { Runtime } from "../../lib/gpt/onnx/runtime.ts";

/** A product of this side keeps every thread busy and fits into the caches of one core. */
const SIDE = 768;
const PROBE_MS = 250;

/** Floating-point operations per second of a large float32 matrix product, the best of many. */
export async function matmulRoof(runtime: Runtime): Promise<number> {
  const g = new GraphBuilder("roof");
  const a = g.input("a", "float32", [SIDE, SIDE]), b = g.input("b", "float32", [SIDE, SIDE]);
  // One number, so that handing over the result costs nothing.
  g.output("mean", g.reduceMean(g.matmul(a, b), [0, 1]), [1, 1]);
  const session = await runtime.createSession(g.toBytes());
  const matrix = () =>
    new runtime.Tensor("float32", new Float32Array(SIDE * SIDE).fill(0.5), [SIDE, SIDE]);
  const feeds = { a: matrix(), b: matrix() };
  try {
    await session.run(feeds);
    let best = Infinity;
    const begin = performance.now();
    for (let start = begin; start - begin < PROBE_MS;) {
      await session.run(feeds);
      const end = performance.now();
      best = Math.min(best, end - start);
      start = end;
    }
    return 2 * SIDE ** 3 / (best / 1000);
  } finally {
    await session.release();
  }
}
