/** Ladder (a) for every float64 twin: backward against central differences of forward. */

import { attentionBackward, attentionForward } from "../../../kernels/reference/attention.ts";
import { crossEntropy } from "../../../kernels/reference/cross_entropy.ts";
import { dropoutForward } from "../../../kernels/reference/dropout.ts";
import { embeddingBackward, embeddingForward } from "../../../kernels/reference/embedding.ts";
import { geluBackward, geluForward } from "../../../kernels/reference/gelu.ts";
import { layernormBackward, layernormForward } from "../../../kernels/reference/layernorm.ts";
import { linearBackward, linearForward } from "../../../kernels/reference/matmul.ts";
import { assertGradient, dot, normals } from "../../helpers/finite_differences.ts";

Deno.test("linear: dinp, dweight and dbias are the gradients", () => {
  const rows = 3, inputs = 5, outputs = 4;
  const inp = normals(rows * inputs, 1), weight = normals(inputs * outputs, 2);
  const bias = normals(outputs, 3), dout = normals(rows * outputs, 4);
  const scalar = () => dot(linearForward({ inp, weight, bias, rows }), dout);
  const { dinp, dweight, dbias } = linearBackward({ dout, inp, weight, rows });
  assertGradient("dinp", scalar, inp, dinp);
  assertGradient("dweight", scalar, weight, dweight);
  assertGradient("dbias", scalar, bias, dbias);
});

Deno.test("embedding: dwte and dwpe are the gradients, also of repeated tokens", () => {
  const tokens = Int32Array.from([2, 0, 2, 3, 3, 2]), length = 3, width = 4;
  const wte = normals(5 * width, 1), wpe = normals(4 * width, 2);
  const dout = normals(tokens.length * width, 3), inputs = { tokens, wte, wpe, length, width };
  const scalar = () => dot(embeddingForward(inputs), dout);
  const { dwte, dwpe } = embeddingBackward({ ...inputs, dout });
  assertGradient("dwte", scalar, wte, dwte);
  assertGradient("dwpe", scalar, wpe, dwpe);
});

Deno.test("layernorm: dinp, dweight and dbias are the gradients", () => {
  const width = 7, eps = 1e-5;
  const inp = normals(4 * width, 1), weight = normals(width, 2), bias = normals(width, 3);
  const dout = normals(inp.length, 4);
  const scalar = () => dot(layernormForward({ inp, weight, bias, eps }).out, dout);
  const forward = layernormForward({ inp, weight, bias, eps });
  const { dinp, dweight, dbias } = layernormBackward({ dout, inp, weight, ...forward });
  assertGradient("dinp", scalar, inp, dinp);
  assertGradient("dweight", scalar, weight, dweight);
  assertGradient("dbias", scalar, bias, dbias);
});

Deno.test("gelu: dinp is the gradient", () => {
  const inp = normals(40, 1).map((x) => 2 * x), dout = normals(40, 2);
  assertGradient("dinp", () => dot(geluForward(inp), dout), inp, geluBackward(dout, inp));
});

Deno.test("dropout: the same function is its own backward", () => {
  const inp = normals(30, 1), dout = normals(30, 2);
  const dropout = { probability: 0.3, seed: 5, site: 2 };
  const scalar = () => dot(dropoutForward(inp, dropout), dout);
  assertGradient("dinp", scalar, inp, dropoutForward(dout, dropout));
});

Deno.test("attention: dqkv is the gradient, with and without dropout", () => {
  const length = 5, width = 6, heads = 2;
  const qkv = normals(2 * length * 3 * width, 1), dout = normals(2 * length * width, 2);
  for (const dropout of [undefined, { probability: 0.3, seed: 7, site: 1 }]) {
    const inputs = { qkv, length, width, heads, dropout };
    const scalar = () => dot(attentionForward(inputs).out, dout);
    assertGradient("dqkv", scalar, qkv, attentionBackward({ ...inputs, dout }));
  }
});

Deno.test("cross-entropy: dlogits is the gradient of the mean loss", () => {
  const logits = normals(4 * 9, 1), targets = Int32Array.from([8, 0, 3, 3]);
  const scalar = () => crossEntropy({ logits, targets }).loss;
  assertGradient("dlogits", scalar, logits, crossEntropy({ logits, targets }).dlogits);
});
