import { attentionBackward, attentionForward } from "../../../kernels/ops/attention.ts";
import * as reference from "../../../kernels/reference/attention.ts";
import { normals32, testKernel } from "../../helpers/gpu_scratch.ts";

/** Few head sizes, because each is compiled: one below, one at, one past a multiple of the lanes. */
const cases = [
  { b: 1, t: 1, heads: 1, size: 8, probability: 0 },
  { b: 2, t: 24, heads: 4, size: 8, probability: 0 },
  { b: 2, t: 130, heads: 3, size: 64, probability: 0 },
  { b: 1, t: 37, heads: 2, size: 36, probability: 0.2 },
  { b: 1, t: 100, heads: 1, size: 36, probability: 0.5 },
];

testKernel("attention forward and backward", cases, async (scratch, test) => {
  const { b, t, heads, size, probability } = test, c = heads * size;
  // Scores with a spread of about 4: some queries look at one key, others at many.
  const x = scratch.round(normals32(b * t * 3 * c, 1).map((value) => Math.fround(1.5 * value)));
  const d = scratch.round(normals32(b * t * c, 2));
  const inputs = {
    qkv: x,
    length: t,
    width: c,
    heads,
    dropout: { probability, seed: 77, site: 3 },
  };
  const expected = reference.attentionForward(inputs);

  const dropout = { probability, site: 3, seed: scratch.input([1], Uint32Array.of(77)) };
  const qkv = scratch.real([b, t, 3 * c], x), dout = scratch.real([b, t, c], d);
  const out = scratch.realOutput([b, t, c]), lse = scratch.output([b, heads, t]);
  const dqkv = scratch.realOutput([b, t, 3 * c]), delta = scratch.output([b, heads, t]);
  await scratch.run((recorder) => {
    attentionForward(recorder, { qkv, heads, out, lse, dropout });
    attentionBackward(recorder, { qkv, heads, out, lse, dropout, dout, dqkv, delta });
  });
  await scratch.expect("out", out, expected.out);
  await scratch.expect("lse", lse, expected.lse);
  // In f16 two roundings meet: that of dqkv itself and that of out, which decides delta.
  const tolerance = scratch.precision === "f16" ? 2 ** -10 : 1e-5;
  const gradient = reference.attentionBackward({ ...inputs, dout: d });
  await scratch.expect("dqkv", dqkv, gradient, tolerance);
});
