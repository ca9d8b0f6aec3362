import { adamw, adamwStep } from "../../../kernels/ops/adamw.ts";
import { gradNorm, gradNormWorkspace } from "../../../kernels/ops/grad_norm.ts";
import { writeTensor } from "../../../kernels/core/tensor.ts";
import { adamwUpdate } from "../../../kernels/reference/adamw.ts";
import { clipScale, globalNorm } from "../../../kernels/reference/grad_norm.ts";
import { normals32, testKernel } from "../../helpers/gpu_scratch.ts";

const cases = [
  { n: 64, maxNorm: 0, workgroup: 32, beta2: 0.95 },
  { n: 64 * 37, maxNorm: 1, workgroup: 64, beta2: 0.999 },
  { n: 64 * 300, maxNorm: 1e6, workgroup: 256, beta2: 0.95 },
];

testKernel("grad_norm over several buffers", [undefined, 32, 256], async (scratch, workgroup) => {
  const values = [64, 8192, 8256, 64 * 999].map((n, i) => normals32(n, i));
  const grads = values.map((grad) => scratch.input([grad.length], grad));
  const norm = scratch.input([2], Float64Array.of(0, 5));
  const workspace = scratch.output([gradNormWorkspace(grads)]);
  await scratch.run((recorder) => gradNorm(recorder, { grads, norm, workspace }, { workgroup }));
  await scratch.expect("norm", norm, [globalNorm(values), 5]);
});

testKernel("adamw, three steps", cases, async (scratch, { n, maxNorm, workgroup, beta2 }) => {
  const beta1 = 0.9, eps = 1e-8;
  const start = normals32(n, 1), grads = [2, 3, 4].map((seed) => normals32(n, seed));
  const decays = Float64Array.from({ length: n / 64 }, (_, i) => i % 2 ? 0.125 : 0);
  const zeros = () => scratch.input([n], new Float64Array(n));
  const tensors = { param: scratch.input([n], start), moment1: zeros(), moment2: zeros() };
  const grad = zeros(),
    norm = scratch.input([2], Float64Array.of(0, 1)),
    step = scratch.output([3]);
  const decay = scratch.input([n / 64], decays);
  const workspace = scratch.output([gradNormWorkspace([grad])]);
  const expected = {
    param: start.slice(),
    moment1: new Float64Array(n),
    moment2: new Float64Array(n),
  };
  for (const [index, values] of grads.entries()) {
    const learningRate = 0.01 * (index + 1);
    writeTensor(scratch.gpu, grad, Float32Array.from(values));
    writeTensor(scratch.gpu, step, adamwStep(index + 1, learningRate, { beta1, beta2 }));
    await scratch.run((recorder) => {
      gradNorm(recorder, { grads: [grad], norm, workspace });
      const settings = { decay, norm, step, beta1, beta2, eps, maxNorm };
      adamw(recorder, { ...tensors, grad, ...settings }, { workgroup });
    });
    const scale = clipScale(globalNorm([values]), maxNorm);
    for (let block = 0; block < n / 64; block++) {
      const part = (array: Float64Array) => array.subarray(block * 64, block * 64 + 64);
      const state = {
        param: part(expected.param),
        moment1: part(expected.moment1),
        moment2: part(expected.moment2),
      };
      const hyper = { learningRate, beta1, beta2, eps, weightDecay: decays[block] };
      adamwUpdate(state, part(values).map((g) => g * scale), index + 1, hyper);
    }
  }
  await scratch.expect("param", tensors.param, expected.param);
  await scratch.expect("moment1", tensors.moment1, expected.moment1);
  await scratch.expect("moment2", tensors.moment2, expected.moment2);
});
