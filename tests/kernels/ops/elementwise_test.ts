/** Backward of GELU, dropout and bias against their twins. */

import { biasBackward, biasBackwardWorkspace } from "../../../kernels/ops/column_sums.ts";
import { dropoutBackward } from "../../../kernels/ops/dropout.ts";
import { geluBackward } from "../../../kernels/ops/gelu.ts";
import { dropoutForward } from "../../../kernels/reference/dropout.ts";
import * as gelu from "../../../kernels/reference/gelu.ts";
import { columnSums } from "../../../kernels/reference/matmul.ts";
import { normals32, testKernel } from "../../helpers/gpu_scratch.ts";

const sizes = [
  { n: 1, workgroup: 32 },
  { n: 1000, workgroup: 64 },
  { n: 129, workgroup: 128 },
  { n: 4097, workgroup: 256 },
];

/** From −60 to 60, so that both tails are seen: an overflowing exp would make NaN there. */
const wide = (n: number) => normals32(n, 1).map((x, i) => Math.fround(x * [1, 4, 20][i % 3]));

testKernel("gelu_backward", sizes, async (scratch, { n, workgroup }) => {
  const dout = scratch.round(normals32(n, 2)), x = scratch.round(wide(n));
  const d = scratch.real([n], dout), inp = scratch.real([n], x);
  await scratch.run((recorder) => geluBackward(recorder, { inp, d }, { workgroup }));
  await scratch.expect("d", d, gelu.geluBackward(dout, x));
});

testKernel("dropout_backward", sizes, async (scratch, { n, workgroup }) => {
  const y = normals32(n, 2);
  const seed = scratch.input([1], Uint32Array.of(0xdeadbeef));
  for (const probability of [0, 0.1, 0.75]) {
    const dout = scratch.input([n], y), dinp = scratch.realOutput([n]);
    const dropout = { probability, site: 4, seed };
    await scratch.run((recorder) =>
      dropoutBackward(recorder, { dout, dinp, dropout }, { workgroup })
    );
    const expected = dropoutForward(y, { probability, site: 4, seed: 0xdeadbeef });
    await scratch.expect("dinp", dinp, expected);
  }
});

const matrices = [
  { n: 1, c: 1, workgroup: 32 },
  { n: 33, c: 7, workgroup: 64 },
  { n: 2000, c: 130, workgroup: 128 },
  { n: 100, c: 1152, workgroup: 64 },
];

testKernel("bias_backward", matrices, async (scratch, { n, c, workgroup }) => {
  const d = scratch.round(normals32(n * c, 1)), before = normals32(c, 2);
  const dbias = scratch.input([c], before);
  const dout = scratch.real([n, c], d);
  const workspace = scratch.output([biasBackwardWorkspace(n, c)]);
  await scratch.run((recorder) =>
    biasBackward(recorder, { dout, dbias, workspace }, { workgroup })
  );
  await scratch.expect("dbias", dbias, columnSums(d, c).map((sum, i) => sum + before[i]));
});
