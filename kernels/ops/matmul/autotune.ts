/**
 * Finds by measurement which tiling a product gets. Each candidate is timed beside the best one so
 * far, in turn and in one submission, so that a machine that slows down meanwhile slows both.
 */

import { Arena } from "../../core/arena.ts";
import type { Gpu } from "../../core/device.ts";
import { profile } from "../../core/profile.ts";
import { Recorder } from "../../core/recorder.ts";
import type { Tensor } from "../../core/tensor.ts";
import { matmul, matmulCode } from "./matmul.ts";
import type { Layout, Real } from "./operands.ts";
import {
  candidateTilings,
  type Product,
  productName,
  type Tiling,
  type Tilings,
} from "./tilings.ts";

/** Smaller products end within milliseconds even on a CPU, and within microseconds on a GPU. */
const WORTHWHILE_FLOPS = 2 ** 26;

/** Longer products are timed on fewer rows (for tn, fewer steps of k). */
const TIMED_FLOPS = { software: 2 ** 27, hardware: 2 ** 36 };

/** Runs of each side of a comparison, after one for warming up; the best counts. */
const RUNS = 3;

/** A challenger must be faster by this much: below it, times are noise. */
const MARGIN = 0.95;

/** When no further candidate is tried, in milliseconds; one already begun is finished. */
const BUDGET_MS = 2000;

/** How long a search may take, and for what. */
export interface AutotuneOptions {
  /** Milliseconds, 2,000 if absent. */
  budget?: number;
  /** Operations of the smallest product that is measured, 2²⁶ if absent. */
  worthwhile?: number;
}

/**
 * The fastest candidate for each product that is large enough to matter. All products try their
 * first challenger before any tries its second, so that a spent budget treats them alike. Without
 * a clock on the device (timestamp-query) there is nothing to tell, and nothing in the answer.
 */
export async function autotune(
  gpu: Gpu,
  products: readonly Product[],
  { budget = BUDGET_MS, worthwhile = WORTHWHILE_FLOPS }: AutotuneOptions = {},
): Promise<Tilings> {
  const large = products.filter((product) => flops(product) >= worthwhile);
  if (!gpu.timestamps || large.length === 0) return {};
  const deadline = performance.now() + budget;
  const bench = new Bench(gpu, large.map((product) => shortened(gpu, product)));
  const best: Tilings = {};
  for (const product of large) {
    best[productName(product)] = candidateTilings(gpu, product.layout)[0];
  }
  try {
    const rounds = Math.max(...large.map(({ layout }) => candidateTilings(gpu, layout).length));
    for (let round = 1; round < rounds; round++) {
      for (const product of large) {
        const challenger = candidateTilings(gpu, product.layout)[round];
        if (!challenger) continue;
        if (performance.now() > deadline) return best;
        const name = productName(product);
        best[name] = await bench.faster(shortened(gpu, product), best[name], challenger);
      }
    }
  } finally {
    bench.destroy();
  }
  return best;
}

const flops = ({ m, n, k }: Product) => 2 * m * n * k;

function shortened(gpu: Gpu, product: Product): Product {
  const limit = TIMED_FLOPS[gpu.software ? "software" : "hardware"];
  const axis = product.layout === "tn" ? "k" : "m";
  const length = Math.floor(product[axis] * limit / flops(product) / 64) * 64;
  return { ...product, [axis]: Math.min(product[axis], Math.max(length, 64)) };
}

/** Tensors large enough for every product. */
class Bench {
  readonly #arena = new Arena();
  readonly #operands: Record<Real, [a: Tensor, b: Tensor]>;
  readonly #out: Tensor;

  constructor(readonly gpu: Gpu, products: readonly Product[]) {
    const largest = (size: (product: Product) => number) => Math.max(...products.map(size));
    const a = largest(({ m, k }) => m * k), b = largest(({ n, k }) => n * k);
    const tensor = (name: string, size: number) => this.#arena.tensor("autotune", name, [size]);
    const [wideA, wideB] = [tensor("a", a), tensor("b", b)];
    this.#operands = {
      f32: [wideA, wideB],
      f16: [wideA.as("f16", [a]), wideB.as("f16", [b])],
    };
    this.#out = tensor("out", largest(({ m, n }) => m * n));
    this.#arena.allocate(gpu);
  }

  async faster(product: Product, champion: Tiling, challenger: Tiling): Promise<Tiling> {
    const recorder = new Recorder(this.gpu);
    for (let run = 0; run <= RUNS; run++) {
      this.#record(recorder.group(`champion ${run}`), product, champion);
      this.#record(recorder.group(`challenger ${run}`), product, challenger);
    }
    const program = await recorder.finish();
    const times = (await profile(program))!;
    program.destroy();
    const time = (side: string) =>
      Math.min(...Array.from({ length: RUNS }, (_, run) => times.get(`${side} ${run + 1}`)!));
    return time("challenger") < MARGIN * time("champion") ? challenger : champion;
  }

  #record(recorder: Recorder, { type, ...product }: Product, tiling: Tiling): void {
    const { m, n, k } = product, [a, b] = this.#operands[type];
    matmul(recorder, {
      ...product,
      tiling,
      epilogue: "store",
      a: a.view([m * k]),
      b: b.view([n * k]),
      tensors: { out: this.#out.view([m * n]) },
    });
  }

  destroy(): void {
    this.#arena.destroy();
  }
}

const layouts: readonly Layout[] = ["nn", "nt", "tn"];

/** Changes when the text of a kernel or the list of candidates does: old measurements are void. */
export async function kernelsHash(gpu: Gpu): Promise<string> {
  const vectors = { a: true, b: true, out: true };
  const texts = layouts.flatMap((layout) =>
    candidateTilings(gpu, layout).flatMap((tiling) =>
      (["f32", "f16"] as const).map((real) => {
        const types = { operands: real, out: real, arithmetic: real };
        return matmulCode({ layout, epilogue: "store", vectors, whole: true, types }, tiling);
      })
    )
  );
  const bytes = new TextEncoder().encode(texts.join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether `value`, read from a file, assigns products to tilings that this adapter has. */
export function isTilings(gpu: Gpu, value: unknown): value is Tilings {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([name, tiling]) => {
    const layout = layouts.find((layout) => name.split(" ")[1] === layout);
    const candidates = layout ? candidateTilings(gpu, layout) : [];
    return candidates.some((one) => JSON.stringify(one) === JSON.stringify(tiling));
  });
}
