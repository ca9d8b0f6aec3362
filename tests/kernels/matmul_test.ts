import { assertEquals, assertLess } from "@std/assert";
import { Arena } from "../../kernels/core/arena.ts";
import { declarationProblems } from "../../kernels/core/declaration.ts";
import { type Gpu, requestGpu } from "../../kernels/core/device.ts";
import { Recorder } from "../../kernels/core/recorder.ts";
import { readTensor, type Tensor, writeTensor } from "../../kernels/core/tensor.ts";
import {
  addProduct,
  chooseTiling,
  matmul,
  matmulKernel,
  productWorkspace,
  type Tiling,
} from "../../kernels/ops/matmul/matmul.ts";
import { type Epilogue, epilogueBindings, type Layout } from "../../kernels/ops/matmul/operands.ts";
import { geluForward } from "../../kernels/reference/gelu.ts";
import { matmul as referenceMatmul } from "../../kernels/reference/matmul.ts";

const layouts: Layout[] = ["nn", "nt", "tn"];
const epilogues = Object.keys(epilogueBindings) as Epilogue[];

/** Every tiling that some adapter gets, as far as this one can run it. */
function tilings(gpu: Pick<Gpu, "subgroups">): Tiling[] {
  const software = { ...gpu, software: true } as Gpu;
  return [
    chooseTiling(software),
    chooseTiling({ ...software, subgroups: null }),
    { kind: "shared", tileM: 64, tileN: 64, tileK: 8 },
    { kind: "shared", tileM: 128, tileN: 128, tileK: 8 },
  ];
}

Deno.test("declarations match the generated WGSL, without a GPU", () => {
  for (const layout of layouts) {
    for (const epilogue of epilogues) {
      for (const wide of [true, false]) {
        const vectors = { a: wide, b: wide, out: wide };
        for (const tiling of tilings({ subgroups: { min: 8, max: 8 } })) {
          assertEquals(
            declarationProblems(matmulKernel({ layout, epilogue, vectors }, tiling)),
            [],
          );
        }
      }
    }
  }
});

/** Uniform in (-1, 1), rounded to f32, the same on every run. */
function values(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed * 2654435761 >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

interface Case {
  layout: Layout;
  epilogue: Epilogue;
  m: number;
  n: number;
  k: number;
  tiling?: Tiling;
}

/** Largest error of `out` and `pre` against float64, relative to √k. */
async function error(gpu: Gpu, { layout, epilogue, m, n, k, tiling }: Case): Promise<number> {
  const arena = new Arena();
  const given: [Tensor, Float32Array<ArrayBuffer>][] = [];
  const tensor = (name: string, shape: number[], seed: number) => {
    const t = arena.tensor("test", name, shape);
    given.push([t, values(t.size, seed)]);
    return t;
  };
  const a = tensor("a", layout === "tn" ? [k, m] : [m, k], 1);
  const b = tensor("b", layout === "nt" ? [n, k] : [k, n], 2);
  const all: Record<string, Tensor> = {
    out: tensor("out", [m, n], 3),
    bias: tensor("bias", [n], 4),
    pre: tensor("pre", [m, n], 5),
  };
  arena.allocate(gpu);
  for (const [t, data] of given) writeTensor(gpu, t, data);
  const recorder = new Recorder(gpu);
  const tensors = Object.fromEntries(
    Object.keys(epilogueBindings[epilogue]).map((name) => [name, all[name]]),
  );
  matmul(recorder, { layout, epilogue, a, b, m, n, k, tensors, tiling });
  const program = await recorder.finish();
  program.submit();

  const [wideA, wideB, out, bias] = given.map(([, data]) => Float64Array.from(data));
  const product = referenceMatmul({ a: wideA, b: wideB, m, n, k, layout });
  const pre = product.map((value, i) => value + bias[i % n]);
  const expected = {
    store: product,
    accumulate: product.map((value, i) => value + out[i]),
    bias: pre,
    bias_gelu: geluForward(pre),
  }[epilogue];
  let worst = difference(await readTensor(gpu, all.out), expected);
  if (epilogue === "bias_gelu") {
    worst = Math.max(worst, difference(await readTensor(gpu, all.pre), pre));
  }
  program.destroy();
  arena.destroy();
  return worst / Math.sqrt(k);
}

function difference(got: Float32Array, expected: Float64Array): number {
  assertEquals(got.length, expected.length);
  return got.reduce((worst, value, i) => {
    const apart = Math.abs(value - expected[i]);
    return apart > worst || Number.isNaN(apart) ? apart : worst;
  }, 0);
}

// Several tiles, ragged by 4; ragged by 1 in all axes; in some; smaller than any tile.
const shapes = [[132, 68, 20], [67, 35, 7], [64, 33, 16], [1, 3, 2]];

Deno.test("every layout and tiling equals float64 on ragged shapes", async () => {
  const gpu = await requestGpu();
  for (const tiling of tilings(gpu)) {
    for (const layout of layouts) {
      for (const [m, n, k] of shapes) {
        const worst = await error(gpu, { layout, epilogue: "store", m, n, k, tiling });
        assertLess(worst, 1e-6, `${layout} ${m}×${n}×${k} ${JSON.stringify(tiling)}`);
      }
    }
  }
  gpu.destroy();
});

Deno.test("every epilogue equals float64", async () => {
  const gpu = await requestGpu();
  for (const epilogue of epilogues) {
    for (const tiling of [undefined, { kind: "shared", tileM: 64, tileN: 64, tileK: 8 } as const]) {
      const worst = await error(gpu, { layout: "nn", epilogue, m: 19, n: 36, k: 24, tiling });
      assertLess(worst, 1e-6, `${epilogue} ${JSON.stringify(tiling)}`);
    }
    const worst = await error(gpu, { layout: "nn", epilogue, m: 19, n: 37, k: 24 });
    assertLess(worst, 1e-6, `${epilogue}, ragged`);
  }
  gpu.destroy();
});

Deno.test("slices of k add up to the whole product, for weights with few tiles", async () => {
  const gpu = await requestGpu();
  for (const tiling of tilings(gpu)) {
    const [m, n, k] = [20, 33, 1700]; // one tile, three slices
    const arena = new Arena();
    const [a, b, out] = [[k, m], [k, n], [m, n]].map((shape, i) => {
      return arena.tensor("test", "abo"[i], shape);
    });
    const workspace = arena.tensor("test", "workspace", [productWorkspace(m, n, k)]);
    arena.allocate(gpu);
    const given = [a, b, out].map((tensor, i) => values(tensor.size, i + 1));
    [a, b, out].forEach((tensor, i) => writeTensor(gpu, tensor, given[i]));
    const recorder = new Recorder(gpu);
    addProduct(recorder, { a, b, m, n, k, out, workspace, tiling });
    const program = await recorder.finish();
    program.submit();
    const [wideA, wideB, before] = given.map((data) => Float64Array.from(data));
    const product = referenceMatmul({ a: wideA, b: wideB, m, n, k, layout: "tn" });
    const expected = product.map((value, i) => value + before[i]);
    // A running sum of k random terms is about √k/3 large and rounded k times, by 3e-8 of itself in
    // the mean: 4 standard deviations are k · 3e-8. A step of k too many or too few is off by 0.3.
    assertLess(difference(await readTensor(gpu, out), expected), 1e-7 * k);
    assertEquals(workspace.size, 3 * m * n);
    program.destroy();
    arena.destroy();
  }
  gpu.destroy();
});
