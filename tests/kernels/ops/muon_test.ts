import { adamwStep } from "../../../kernels/ops/adamw.ts";
import { muon, muonScratch, orthogonalize } from "../../../kernels/ops/muon.ts";
import { writeTensor } from "../../../kernels/core/tensor.ts";
import { clipScale } from "../../../kernels/reference/grad_norm.ts";
import { muonUpdate, orthogonalized } from "../../../kernels/reference/muon.ts";
import { normals32, type Scratch, testKernel } from "../../helpers/gpu_scratch.ts";

function scratchOf(scratch: Scratch, shapes: { shape: number[]; parts: number }[]) {
  const { matrices, grams } = muonScratch(shapes);
  return {
    update: scratch.output([matrices]),
    next: scratch.output([matrices]),
    gram: scratch.output([grams]),
    polynomial: scratch.output([grams]),
  };
}

const matrices = [
  { rows: 12, columns: 12, count: 3 },
  { rows: 20, columns: 48, count: 2 },
  { rows: 68, columns: 24, count: 1 },
];

testKernel("orthogonalize wide, tall and square matrices", matrices, async (scratch, one) => {
  const { rows, columns, count } = one;
  const space = scratchOf(scratch, [{ shape: [rows, columns * count], parts: count }]);
  const size = rows * columns, values = normals32(size * count, 3);
  writeTensor(scratch.gpu, space.update, Float32Array.from(values));
  let made = space.update;
  await scratch.run((recorder) => made = orthogonalize(recorder, space, one));
  const expected = Array.from(
    { length: count },
    (_, i) => orthogonalized({ values: values.subarray(i * size, (i + 1) * size), rows, columns }),
  );
  // Five rounds multiply the rounding of the first by up to 3.4 each where singular values are small.
  await scratch.expect("orthogonal", made, expected.flatMap((one) => [...one]), 1e-4);
});

/** Parameters of two shapes, of which one stands for three matrices; a workgroup that does not divide. */
const updates = [
  { maxNorm: 0, workgroup: 32, skip: false },
  { maxNorm: 1, workgroup: 128, skip: false },
  { maxNorm: 1, workgroup: 64, skip: true },
];

testKernel("muon, three steps", updates, async (scratch, { maxNorm, workgroup, skip }) => {
  const momentum = 0.95, weightDecay = 0.2, norm = 5;
  const shapes = [
    { shape: [16, 48], parts: 3 },
    { shape: [16, 16], parts: 1 },
    { shape: [16, 36], parts: 1 },
    { shape: [36, 16], parts: 1 },
  ];
  const size = ({ shape: [rows, columns] }: { shape: number[] }) => rows * columns;
  const own = shapes.map((one, i) => ({
    ...one,
    start: normals32(size(one), i),
    param: scratch.input(one.shape, normals32(size(one), i)),
    moment1: scratch.input(one.shape, new Float64Array(size(one))),
    grad: scratch.output(one.shape),
    expected: { param: normals32(size(one), i), moment1: new Float64Array(size(one)) },
  }));
  const space = scratchOf(scratch, shapes);
  const norms = scratch.input([2], Float64Array.of(norm, skip ? 0 : 1));
  const step = scratch.output([3]);
  for (let index = 1; index <= 3; index++) {
    const learningRate = 0.01 * index;
    writeTensor(scratch.gpu, step, adamwStep(index, learningRate, { beta1: 0.9, beta2: 0.95 }));
    for (const [i, one] of own.entries()) {
      const grad = normals32(size(one), 10 * index + i);
      writeTensor(scratch.gpu, one.grad, Float32Array.from(grad));
      if (skip) continue;
      const clipped = grad.map((g) => g * clipScale(norm, maxNorm));
      const hyper = { learningRate, momentum, weightDecay, parts: one.parts };
      muonUpdate(one.expected, clipped, one.shape, hyper);
    }
    await scratch.run((recorder) => {
      const settings = { norm: norms, step, momentum, weightDecay, maxNorm };
      muon(recorder, { matrices: own, scratch: space, ...settings }, { workgroup });
    });
  }
  for (const { shape, param, moment1, expected } of own) {
    await scratch.expect(`param ${shape}`, param, expected.param, 1e-4);
    await scratch.expect(`moment1 ${shape}`, moment1, expected.moment1);
  }
});
