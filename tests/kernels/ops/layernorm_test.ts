import {
  layernormBackward,
  layernormBackwardWorkspace,
  layernormForward,
  residualLayernormForward,
  rowStatistics,
  rowStatisticsLength,
} from "../../../kernels/ops/layernorm.ts";
import { dropoutForward } from "../../../kernels/reference/dropout.ts";
import * as reference from "../../../kernels/reference/layernorm.ts";
import { residualForward } from "../../../kernels/reference/residual.ts";
import { normals32, testKernel } from "../../helpers/gpu_scratch.ts";

const eps = 1e-5;
const cases = [
  { n: 1, c: 1, workgroup: undefined },
  { n: 5, c: 7, workgroup: 32 },
  { n: 70, c: 384, workgroup: undefined },
  { n: 33, c: 130, workgroup: 64 },
  { n: 9, c: 1025, workgroup: 128 },
  { n: 300, c: 32, workgroup: 256 },
];

/** Rows far from zero: a variance from the sum of squares would fail here. */
const rowsOff = (n: number, c: number) =>
  normals32(n * c, 1).map((x, i) => Math.fround(x + 30 * (Math.floor(i / c) % 3)));

testKernel("layernorm_forward", cases, async (scratch, { n, c, workgroup }) => {
  const x = rowsOff(n, c), w = normals32(c, 2), b = normals32(c, 3);
  const tensors = {
    inp: scratch.input([n, c], x),
    weight: scratch.input([c], w),
    bias: scratch.input([c], b),
    out: scratch.realOutput([n, c]),
    mean: scratch.output([n]),
    rstd: scratch.output([n]),
  };
  await scratch.run((recorder) => layernormForward(recorder, { ...tensors, eps }, { workgroup }));
  const expected = reference.layernormForward({ inp: x, weight: w, bias: b, eps });
  await scratch.expect("out", tensors.out, expected.out);
  await scratch.expect("mean", tensors.mean, expected.mean);
  await scratch.expect("rstd", tensors.rstd, expected.rstd);
});

testKernel("residual_layernorm_forward", cases, async (scratch, { n, c, workgroup }) => {
  const x = normals32(n * c, 1), y = scratch.round(normals32(n * c, 4));
  const w = normals32(c, 2), b = normals32(c, 3);
  for (const probability of [0, 0.3]) {
    const tensors = {
      a: scratch.input([n, c], x),
      b: scratch.real([n, c], y),
      weight: scratch.input([c], w),
      bias: scratch.input([c], b),
      sum: scratch.output([n, c]),
      out: scratch.realOutput([n, c]),
      stats: scratch.output([rowStatisticsLength(n)]),
    };
    const { mean, rstd } = rowStatistics(tensors.stats, n);
    const dropout = { probability, site: 5, seed: scratch.input([1], Uint32Array.of(99)) };
    await scratch.run((recorder) =>
      residualLayernormForward(recorder, { ...tensors, eps, dropout }, { workgroup })
    );
    const sum = residualForward(x, dropoutForward(y, { probability, site: 5, seed: 99 }));
    const expected = reference.layernormForward({ inp: sum, weight: w, bias: b, eps });
    await scratch.expect("sum", tensors.sum, sum);
    await scratch.expect("out", tensors.out, expected.out);
    await scratch.expect("mean", mean, expected.mean);
    await scratch.expect("rstd", rstd, expected.rstd);
  }
});

testKernel("layernorm_backward", cases, async (scratch, { n, c, workgroup }) => {
  const x = normals32(n * c, 1), w = normals32(c, 2), b = normals32(c, 3);
  const d = scratch.round(normals32(n * c, 4));
  const before = normals32(n * c, 5), gradient = normals32(c, 6);
  const saved = reference.layernormForward({ inp: x, weight: w, bias: b, eps });
  const expected = reference.layernormBackward({ dout: d, inp: x, weight: w, ...saved });
  const plus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i]);
  for (const accumulate of [false, true]) {
    const tensors = {
      dout: scratch.real([n, c], d),
      inp: scratch.input([n, c], x),
      weight: scratch.input([c], w),
      mean: scratch.input([n], saved.mean),
      rstd: scratch.input([n], saved.rstd),
      dinp: accumulate ? scratch.input([n, c], before) : scratch.output([n, c]),
      dweight: scratch.input([c], gradient),
      dbias: scratch.input([c], gradient),
      workspace: scratch.output([layernormBackwardWorkspace(n, c)]),
    };
    await scratch.run((recorder) =>
      layernormBackward(recorder, { ...tensors, accumulate }, { workgroup })
    );
    await scratch.expect(
      "dinp",
      tensors.dinp,
      accumulate ? plus(expected.dinp, before) : expected.dinp,
    );
    await scratch.expect("dweight", tensors.dweight, plus(expected.dweight, gradient));
    await scratch.expect("dbias", tensors.dbias, plus(expected.dbias, gradient));
  }
});
