import { assertEquals, assertThrows } from "@std/assert";
import { embeddingBackward, embeddingForward } from "../../../kernels/ops/embedding.ts";
import { tokenIndex } from "../../../kernels/ops/token_index.ts";
import { dropoutForward } from "../../../kernels/reference/dropout.ts";
import * as reference from "../../../kernels/reference/embedding.ts";
import { normals32, testKernel } from "../../helpers/gpu_scratch.ts";

const cases = [
  { b: 1, t: 1, v: 1, c: 1, probability: 0 },
  { b: 3, t: 5, v: 4, c: 7, probability: 0 },
  { b: 2, t: 33, v: 500, c: 130, probability: 0.2 },
  { b: 4, t: 64, v: 9, c: 40, probability: 0.5 },
];

/** Squared, so that some tokens are much more frequent than others, as in text. */
const tokensOf = (count: number, v: number) =>
  Int32Array.from({ length: count }, (_, i) => Math.floor(((i * 0.618034) % 1) ** 2 * v));

function inputsOf({ b, t, v, c }: typeof cases[number]) {
  return {
    tokens: tokensOf(b * t, v),
    wte: normals32(v * c, 1),
    wpe: normals32((t + 3) * c, 2),
    length: t,
    width: c,
  };
}

testKernel("embedding_forward", cases, async (scratch, test) => {
  const { b, t, v, c, probability } = test, inputs = inputsOf(test);
  const out = scratch.output([b, t, c]);
  const seed = scratch.input([1], Uint32Array.of(7));
  await scratch.run((recorder) =>
    embeddingForward(recorder, {
      tokens: scratch.input([b, t], inputs.tokens),
      wte: scratch.input([v, c], inputs.wte),
      wpe: scratch.input([t + 3, c], inputs.wpe),
      out,
      dropout: { probability, site: 3, seed },
    })
  );
  const sum = reference.embeddingForward(inputs);
  await scratch.expect("out", out, dropoutForward(sum, { probability, site: 3, seed: 7 }));
});

testKernel("embedding_backward", cases, async (scratch, test) => {
  const { b, t, v, c, probability } = test, inputs = inputsOf(test);
  const d = normals32(b * t * c, 3);
  for (const workgroup of [64, 128]) {
    const dwte = scratch.input([v, c], inputs.wte);
    const dwpe = scratch.input([t + 3, c], inputs.wpe);
    const seed = scratch.input([1], Uint32Array.of(7));
    await scratch.run((recorder) =>
      embeddingBackward(recorder, {
        dout: scratch.input([b, t, c], d),
        index: scratch.input([3 * b * t], tokenIndex(inputs.tokens, v)),
        dwte,
        dwpe,
        dropout: { probability, site: 3, seed },
      }, { workgroup })
    );
    const dout = dropoutForward(d, { probability, site: 3, seed: 7 });
    const expected = reference.embeddingBackward({ ...inputs, dout });
    await scratch.expect("dwte", dwte, expected.dwte.map((value, i) => value + inputs.wte[i]));
    await scratch.expect("dwpe", dwpe, expected.dwpe.map((value, i) => value + inputs.wpe[i]));
  }
});

Deno.test("tokenIndex lists rows by token and where each token starts", () => {
  assertEquals([...tokenIndex(Int32Array.of(7, 2, 7), 8)], [1, 0, 2, 2, 0, 7, 1, 0, 3]);
  assertEquals([...tokenIndex(Int32Array.of(0, 0), 1)], [0, 1, 0, 0, 0, 2]);
});

Deno.test("tokenIndex refuses tokens outside the vocabulary", () => {
  assertThrows(() => tokenIndex(Int32Array.of(8), 8), RangeError, "token 8, expected 0 to 7");
  assertThrows(() => tokenIndex(Int32Array.of(-1), 8), RangeError);
});
