import { assert, assertEquals, assertLess } from "@std/assert";
import { Arena } from "../../kernels/core/arena.ts";
import { declarationProblems } from "../../kernels/core/declaration.ts";
import { type Gpu, requestGpu } from "../../kernels/core/device.ts";
import { Recorder } from "../../kernels/core/recorder.ts";
import { readTensor, type Tensor } from "../../kernels/core/tensor.ts";
import {
  addProduct,
  matmul,
  matmulKernel,
  productWorkspace,
} from "../../kernels/ops/matmul/matmul.ts";
import { chooseTiling, type Tiling } from "../../kernels/ops/matmul/tilings.ts";
import {
  type Epilogue,
  epilogueBindings,
  type Layout,
  type Real,
  type Types,
} from "../../kernels/ops/matmul/operands.ts";
import { geluForward } from "../../kernels/reference/gelu.ts";
import { matmul as referenceMatmul } from "../../kernels/reference/matmul.ts";

/** One device for all tests, so that no kernel is compiled twice. */
const gpu = await requestGpu();
// Software adapters crash now and then at the end of a process that still holds a device.
globalThis.addEventListener("unload", () => gpu.destroy());

const layouts: Layout[] = ["nn", "nt", "tn"];
const epilogues = Object.keys(epilogueBindings) as Epilogue[];

/** Every tiling that some adapter gets, as far as this one can run it. */
function tilings(gpu: Pick<Gpu, "subgroups">): Tiling[] {
  const software = { ...gpu, software: true } as Gpu;
  return [
    chooseTiling(software),
    chooseTiling({ ...software, subgroups: null }),
    small,
    ahead,
  ];
}

/**
 * Those to run here. Where the test command has run this file on another adapter before, only what
 * that one could not: each takes a minute to compile, and only subgroups of 8 lanes are new.
 */
function tilingsHere(gpu: Gpu): Tiling[] {
  const all = tilings(gpu);
  return Deno.env.has("NANO_MED_PORTABLE_TESTED") && gpu.subgroups ? all.slice(0, 1) : all;
}

/** The one that compiles fastest of those with workgroup memory. */
const small: Tiling = { kind: "shared", tileM: 64, tileN: 64, tileK: 8, ahead: false };

/** With all that the larger ones have. */
const ahead: Tiling = { kind: "shared", tileM: 64, tileN: 128, tileK: 16, ahead: true };

/** f32; f16 computed as GPUs do; f16 as CPUs do; the same with the result added up in f32. */
const typings: Types[] = [
  { operands: "f32", out: "f32", arithmetic: "f32" },
  { operands: "f16", out: "f16", arithmetic: "f16" },
  { operands: "f16", out: "f16", arithmetic: "f32" },
  { operands: "f16", out: "f32", arithmetic: "f32" },
];

Deno.test("declarations match the generated WGSL, without a GPU", () => {
  for (const layout of layouts) {
    for (const epilogue of epilogues) {
      for (const wide of [true, false]) {
        const vectors = { a: wide, b: wide, out: wide };
        for (const tiling of tilings({ subgroups: { min: 8, max: 8 } })) {
          for (const types of typings) {
            for (const whole of [true, false]) {
              const kernel = matmulKernel({ layout, epilogue, vectors, whole, types }, tiling);
              assertEquals(declarationProblems(kernel), []);
            }
          }
        }
      }
    }
  }
});

/** Uniform in (-1, 1), rounded to the type, the same on every run. */
function values(count: number, seed: number, type: Real = "f32") {
  let state = seed * 2654435761 >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return type === "f32"
    ? Float32Array.from({ length: count }, uniform)
    : Float16Array.from({ length: count }, uniform);
}

function write({ device }: Gpu, tensor: Tensor, data: Float32Array | Float16Array): void {
  const bytes = new Uint8Array(tensor.bytes); // a multiple of 4
  bytes.set(new Uint8Array(data.buffer));
  device.queue.writeBuffer(tensor.buffer, 0, bytes);
}

interface Case {
  layout: Layout;
  epilogue: Epilogue;
  m: number;
  n: number;
  k: number;
  tiling?: Tiling;
  types?: Types;
  /** Columns to the left of a and out, and to the right; those of a are not numbers. */
  around?: number;
}

const [allF32] = typings;

/** Largest error of `out` and `pre` against float64, relative to √k. */
async function error(test: Case): Promise<number> {
  const { layout, epilogue, m, n, k, tiling, types = allF32, around = 0 } = test;
  const { operands, out: outType, arithmetic } = types;
  const arena = new Arena();
  const given: [Tensor, Float32Array<ArrayBuffer> | Float16Array<ArrayBuffer>][] = [];
  const tensor = (name: string, shape: number[], seed: number, type: Real = "f32") => {
    const t = arena.tensor("test", name, shape, type);
    given.push([t, values(t.size, seed, type)]);
    return t;
  };
  const [rows, columns] = layout === "tn" ? [k, m] : [m, k];
  const a = tensor("a", [rows, columns + 2 * around], 1, operands);
  const b = tensor("b", layout === "nt" ? [n, k] : [k, n], 2, operands);
  const all: Record<string, Tensor> = {
    out: tensor("out", [m, n + 2 * around], 3, outType),
    bias: tensor("bias", [n], 4),
    pre: tensor("pre", [m, n], 5, operands),
    addend: tensor("addend", [m, n + 2 * around], 6),
  };
  arena.allocate(gpu);
  const [[, besideA]] = given;
  besideA.forEach((_, i) => {
    const column = i % (columns + 2 * around);
    if (column < around || column >= around + columns) besideA[i] = NaN;
  });
  for (const [t, data] of given) write(gpu, t, data);
  const recorder = new Recorder(gpu);
  const tensors = Object.fromEntries(
    Object.keys(epilogueBindings[epilogue]).map((name) => [name, all[name]]),
  );
  const within = (width: number) => ({ first: around, stride: width + 2 * around });
  const aColumns = within(columns), outColumns = within(n);
  const product = { layout, epilogue, a, b, m, n, k, tensors, aColumns, outColumns };
  const factors = { product: 0.75, addend: -1.5 };
  matmul(recorder, { ...product, tiling, arithmetic, factors });
  const program = await recorder.finish();
  program.submit();

  const [wideA, wideB, before, bias, , addend] = given.map(([, data]) => Float64Array.from(data));
  const inner = (matrix: Float64Array, width: number) =>
    matrix.filter((_, i) => {
      const column = i % (width + 2 * around);
      return column >= around && column < around + width;
    });
  const mine = { a: inner(wideA, columns), b: wideB, m, n, k, layout };
  const product64 = referenceMatmul(mine), out = inner(before, n);
  const pre = product64.map((value, i) => value + bias[i % n]);
  const expected = {
    store: product64,
    accumulate: product64.map((value, i) => value + out[i]),
    bias: pre,
    bias_gelu: geluForward(pre),
    combine: product64.map((value, i) => 0.75 * value - 1.5 * inner(addend, n)[i]),
  }[epilogue];
  const got = await readTensor(gpu, all.out);
  let worst = difference(inner(Float64Array.from(got), n), expected);
  const untouched = (matrix: ArrayLike<number>) =>
    Array.from(matrix).filter((_, i) => {
      const column = i % (n + 2 * around);
      return column < around || column >= around + n;
    });
  assertEquals(untouched(got), untouched(before));
  if (epilogue === "bias_gelu") {
    worst = Math.max(worst, difference(await readTensor(gpu, all.pre), pre));
  }
  program.destroy();
  arena.destroy();
  return worst / Math.sqrt(k);
}

function difference(got: Float32Array | Float64Array, expected: Float64Array): number {
  assertEquals(got.length, expected.length);
  return Array.from(got).reduce((worst, value, i) => {
    const apart = Math.abs(value - expected[i]);
    return apart > worst || Number.isNaN(apart) ? apart : worst;
  }, 0);
}

// Several tiles, ragged by 4; ragged by 1 in all axes; in some; smaller than any tile. Then k without
// an end to cut off, over several rounds: the rest ragged by 4, and by 1.
const shapes = [[132, 68, 20], [67, 35, 7], [64, 33, 16], [1, 3, 2], [132, 68, 96], [67, 35, 32]];

Deno.test("every layout and tiling equals float64 on ragged shapes", async () => {
  for (const tiling of tilingsHere(gpu)) {
    for (const layout of layouts) {
      for (const [m, n, k] of shapes) {
        const worst = await error({ layout, epilogue: "store", m, n, k, tiling });
        assertLess(worst, 1e-6, `${layout} ${m}×${n}×${k} ${JSON.stringify(tiling)}`);
      }
    }
  }
});

Deno.test("columns of a wider matrix are read and written, and nothing beside them", async () => {
  for (const tiling of tilingsHere(gpu)) {
    for (const layout of layouts) {
      for (const [around, [m, n, k]] of [[8, shapes[0]], [3, shapes[1]], [8, shapes[4]]] as const) {
        const worst = await error({ layout, epilogue: "store", m, n, k, tiling, around });
        assertLess(worst, 1e-6, `${layout} ${m}×${n}×${k} within ${around}`);
      }
    }
  }
});

Deno.test("every epilogue equals float64", async () => {
  for (const epilogue of epilogues) {
    for (const tiling of [undefined, small]) {
      const worst = await error({ layout: "nn", epilogue, m: 19, n: 36, k: 24, tiling });
      assertLess(worst, 1e-6, `${epilogue} ${JSON.stringify(tiling)}`);
    }
    const worst = await error({ layout: "nn", epilogue, m: 19, n: 37, k: 24 });
    assertLess(worst, 1e-6, `${epilogue}, ragged`);
  }
});

/**
 * Of products of values in (-1, 1), whose sums are about √k / 3 large and hardly ever over √k.
 * Storing a result in f16 rounds it by up to 2⁻¹¹ of itself. Adding up in f16, in blocks of 16, also
 * rounds every product and every sum within a block, each by up to u = 2⁻¹¹ of itself. Squared, a
 * product is 1/9 on average and a sum of j of them j/9: (16 + 136)/9 for a block, 1.06 k for all. By
 * Hoeffding's inequality (see roundingBounds) the total stays within 6 u √(1.06 k).
 */
const F16_STORED = 2 ** -11 + 1e-6, F16_COMPUTED = 2 ** -11 + 6 * Math.sqrt(1.06) * 2 ** -11;

/** Few, because each combination is compiled. Subgroups are for CPUs, which compute in f32. */
const inF16: Omit<Case, "m" | "n" | "k">[] = [
  ...layouts.map((layout) => ({ layout, tiling: small, types: typings[1] })),
  { layout: "nn" as const, tiling: ahead, types: typings[1] },
  { layout: "nn" as const, tiling: chooseTiling({ ...gpu, subgroups: null }), types: typings[1] },
  ...layouts.map((layout) => ({ layout, types: typings[2] })),
  { layout: "tn" as const, types: typings[3] },
].map((one) => ({ ...one, epilogue: "store" }));

if (gpu.f16) {
  Deno.test("f16 equals float64 in every layout, however it is computed", async () => {
    for (const test of inF16) {
      const tolerance = test.types!.arithmetic === "f16" ? F16_COMPUTED : F16_STORED;
      assertLess(await error({ ...test, m: 132, n: 68, k: 20 }), tolerance, JSON.stringify(test));
    }
    for (
      const [types, tolerance] of [[typings[1], F16_COMPUTED], [typings[2], F16_STORED]] as const
    ) {
      const [m, n, k] = shapes[1];
      const ragged = { layout: "nt", epilogue: "bias_gelu", m, n, k, types } as const;
      assertLess(await error({ ...ragged, tiling: small }), tolerance, JSON.stringify(ragged));
    }
  });
}

/**
 * How far the sums of aᵀ · b + before may be off. Each addition rounds the running sum s by a factor
 * 1 + δ with |δ| ≤ u = 2⁻²⁴; for independent δ of mean 0, Hoeffding's inequality bounds the chance
 * that the total exceeds λ u √Σ s² by 2 exp(−λ²/2): with λ = 6, once in 30 million sums. Sums in
 * slices start anew, so that their s are smaller.
 */
function roundingBounds(a: Float64Array, b: Float64Array, before: Float64Array, k: number) {
  const m = a.length / k, n = b.length / k;
  return before.map((start, i) => {
    let sum = 0, squares = 0;
    for (let step = 0; step < k; step++) {
      sum += a[step * m + Math.floor(i / n)] * b[step * n + i % n];
      squares += sum * sum;
    }
    return 6 * 2 ** -24 * Math.sqrt(squares + (sum + start) ** 2);
  });
}

Deno.test("a batch of products is each product, by every layout and tiling", async () => {
  const count = 3;
  for (const tiling of tilingsHere(gpu)) {
    for (const layout of layouts) {
      for (const [m, n, k] of [[36, 20, 24], [7, 13, 64]]) {
        const arena = new Arena();
        const [a, b, out, addend] = [m * k, k * n, m * n, m * n].map((size, i) =>
          arena.tensor("test", "abox"[i], [count, size])
        );
        arena.allocate(gpu);
        const given = [a, b, out, addend].map((tensor, i) => values(tensor.size, i + 1));
        [a, b, out, addend].forEach((tensor, i) => write(gpu, tensor, given[i]));
        const recorder = new Recorder(gpu);
        const factors = { product: 2, addend: -0.5 };
        const tensors = { out, addend };
        const product = { layout, epilogue: "combine", a, b, m, n, k, factors, tensors } as const;
        matmul(recorder, { ...product, batch: count, tiling });
        const program = await recorder.finish();
        program.submit();
        const got = Float64Array.from(await readTensor(gpu, out));
        const [wideA, wideB, , added] = given.map((data) => Float64Array.from(data));
        for (let i = 0; i < count; i++) {
          const part = (all: Float64Array) =>
            all.subarray(i * all.length / count, (i + 1) * all.length / count);
          const expected = referenceMatmul({ a: part(wideA), b: part(wideB), m, n, k, layout })
            .map((value, at) => 2 * value - 0.5 * part(added)[at]);
          const worst = difference(part(got), expected) / Math.sqrt(k);
          assertLess(worst, 2e-6, `${i} of ${layout} ${m}×${n}×${k} ${JSON.stringify(tiling)}`);
        }
        program.destroy();
        arena.destroy();
      }
    }
  }
});

Deno.test("slices of k add up to the whole product, for weights with few tiles", async () => {
  for (const tiling of tilingsHere(gpu)) {
    const [m, n, k] = [20, 33, 1700]; // one tile, three slices
    const arena = new Arena();
    const [a, b, out] = [[k, m], [k, n], [m, n]].map((shape, i) => {
      return arena.tensor("test", "abo"[i], shape);
    });
    const workspace = arena.tensor("test", "workspace", [productWorkspace(m, n, k)]);
    arena.allocate(gpu);
    const given = [a, b, out].map((tensor, i) => values(tensor.size, i + 1));
    [a, b, out].forEach((tensor, i) => write(gpu, tensor, given[i]));
    const recorder = new Recorder(gpu);
    addProduct(recorder, { a, b, m, n, k, out, workspace, tiling });
    const program = await recorder.finish();
    program.submit();
    const [wideA, wideB, before] = given.map((data) => Float64Array.from(data));
    const product = referenceMatmul({ a: wideA, b: wideB, m, n, k, layout: "tn" });
    const bounds = roundingBounds(wideA, wideB, before, k);
    (await readTensor(gpu, out)).forEach((value, i) => {
      const off = Math.abs(value - product[i] - before[i]);
      assert(off <= bounds[i], `out[${i}] is off by ${off}, expected at most ${bounds[i]}`);
    });
    assertEquals(workspace.size, 3 * m * n);
    program.destroy();
    arena.destroy();
  }
});
