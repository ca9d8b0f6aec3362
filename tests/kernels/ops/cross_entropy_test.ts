import { crossEntropy, sumLosses } from "../../../kernels/ops/cross_entropy.ts";
import * as reference from "../../../kernels/reference/cross_entropy.ts";
import { normals32, testKernel } from "../../helpers/gpu_scratch.ts";

const cases = [
  { n: 1, v: 1, chunk: 1, workgroup: undefined },
  { n: 5, v: 3, chunk: 5, workgroup: undefined },
  { n: 10, v: 67, chunk: 4, workgroup: 32 },
  { n: 6, v: 2048, chunk: 6, workgroup: 128 },
  { n: 3, v: 50257, chunk: 2, workgroup: undefined },
];

const targetsOf = (n: number, v: number) =>
  Int32Array.from({ length: n }, (_, i) => i % 3 === 0 ? v - 1 : (7 * i) % v);

/** Rows of logits around ±80: exp of them would overflow without the maximum taken out. */
const logitsOf = (n: number, v: number) =>
  normals32(n * v, 1).map((x, i) => Math.fround(5 * x + (Math.floor(i / v) % 2 ? 80 : -80)));

testKernel(
  "cross_entropy in chunks of rows",
  cases,
  async (scratch, { n, v, chunk, workgroup }) => {
    const values = scratch.round(logitsOf(n, v)), ids = targetsOf(n, v);
    const expected = reference.crossEntropy({ logits: values, targets: ids });
    const targets = scratch.input([n], ids), losses = scratch.output([n]);
    const kept = scratch.output([n]), mean = scratch.input([1], Float64Array.of(2));
    const lossScale = scratch.input([3], Float64Array.of(4, 0, 0));
    for (let first = 0; first < n; first += chunk) {
      const rows = Math.min(chunk, n - first);
      const part = values.slice(first * v, (first + rows) * v);
      const logits = scratch.real([rows, v], part), untouched = scratch.real([rows, v], part);
      await scratch.run((recorder) => {
        const given = { targets, first, lossScale };
        crossEntropy(recorder, { ...given, logits, losses, gradientScale: 0.25 / n }, {
          workgroup,
        });
        crossEntropy(recorder, { ...given, logits: untouched, losses: kept }, { workgroup });
      });
      const dlogits = expected.dlogits.slice(first * v, (first + rows) * v);
      await scratch.expect("dlogits", logits, dlogits);
      await scratch.expect("logits without gradient", untouched, part, 0);
    }
    await scratch.expect("losses", losses, expected.losses);
    await scratch.expect("losses without gradient", kept, expected.losses);
    await scratch.run((recorder) =>
      sumLosses(recorder, { losses, out: mean, scale: 1 / n }, { workgroup })
    );
    await scratch.expect("mean loss, added to what was there", mean, [expected.loss + 2]);
  },
);
