/** Ladder (b): one operation at a time on the WebGPU adapter, against its float64 twin. */

import { assert } from "@std/assert";
import { Arena } from "../../kernels/core/arena.ts";
import { type Gpu, requestGpu } from "../../kernels/core/device.ts";
import { Recorder } from "../../kernels/core/recorder.ts";
import { type DataType, readTensor, type Tensor } from "../../kernels/core/tensor.ts";
import { normals } from "./finite_differences.ts";

/** Tensors of one test. */
export class Scratch {
  #arena = new Arena();

  /** `precision` is the type of what a kernel takes in f32 or f16. */
  constructor(readonly gpu: Gpu, readonly precision: "f32" | "f16" = "f32") {}

  /** A tensor that holds `values`. */
  input(shape: readonly number[], values: Float64Array | Int32Array | Uint32Array): Tensor {
    if (values instanceof Int32Array) return this.#filled(shape, "i32", values);
    if (values instanceof Uint32Array) return this.#filled(shape, "u32", values);
    return this.#filled(shape, "f32", Float32Array.from(values));
  }

  /** The same in the precision under test; values that `round` has not changed are held exactly. */
  real(shape: readonly number[], values: Float64Array): Tensor {
    if (this.precision === "f32") return this.input(shape, values);
    return this.#filled(shape, "f16", Float16Array.from(values));
  }

  /** `values` as the precision under test represents them. */
  round(values: Float64Array): Float64Array {
    return this.precision === "f32" ? values : Float64Array.from(Float16Array.from(values));
  }

  #filled(
    shape: readonly number[],
    type: DataType,
    values: Int32Array | Uint32Array | Float32Array | Float16Array,
  ): Tensor {
    const tensor = this.#arena.tensor("test", `input (${shape})`, shape, type);
    this.#arena.allocate(this.gpu);
    const padded = new Uint8Array(tensor.bytes);
    padded.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    this.gpu.device.queue.writeBuffer(tensor.buffer, tensor.offset, padded);
    return tensor;
  }

  /** A tensor that holds a value no kernel produces, so that what is not written is noticed. */
  output(shape: readonly number[]): Tensor {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.input(shape, new Float64Array(size).fill(UNWRITTEN));
  }

  /** The same in the precision under test: infinity in f16. */
  realOutput(shape: readonly number[]): Tensor {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.real(shape, new Float64Array(size).fill(UNWRITTEN));
  }

  /** Records, runs once and waits. */
  async run(record: (recorder: Recorder) => void): Promise<void> {
    const recorder = new Recorder(this.gpu);
    record(recorder);
    const program = await recorder.finish();
    program.submit();
    await this.gpu.device.queue.onSubmittedWorkDone();
    this.gpu.check();
    program.destroy();
  }

  read(tensor: Tensor): Promise<Float32Array> {
    return readTensor(this.gpu, tensor);
  }

  /**
   * Asserts that `tensor` holds `expected`, up to `tolerance` of the largest expected value. Storing
   * in f16 rounds by up to 2⁻¹¹.
   */
  async expect(
    name: string,
    tensor: Tensor,
    expected: ArrayLike<number>,
    tolerance = tensor.type === "f16" ? 2 ** -11 + 1e-5 : 1e-5,
  ): Promise<void> {
    assertClose(name, await this.read(tensor), expected, tolerance);
  }

  destroy(): void {
    this.#arena.destroy();
  }
}

/** Far outside what any test computes. */
const UNWRITTEN = 12345678;

/** Standard normal values that float32 represents, so that kernel and twin see the same input. */
export const normals32 = (count: number, seed: number): Float64Array =>
  Float64Array.from(Float32Array.from(normals(count, seed)));

/** Asserts equality up to `tolerance` of the largest expected value. */
export function assertClose(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  assert(actual.length === expected.length, `${name}: ${actual.length} values`);
  let size = 0;
  for (let i = 0; i < expected.length; i++) size = Math.max(size, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / (size || 1);
    // Written so that NaN fails.
    assert(error <= tolerance, `${name}[${i}]: ${actual[i]}, expected ${expected[i]}, ${error}`);
  }
}

const adapter = await navigator.gpu?.requestAdapter();

/** What a test of a kernel runs with: all the adapter offers, portable kernels only, f16 if it has. */
const variants = [
  { suffix: "", portable: false, precision: "f32" },
  { suffix: ", portable", portable: true, precision: "f32" },
  ...(adapter?.features.has("shader-f16")
    ? [{ suffix: ", f16", portable: false, precision: "f16" } as const]
    : []),
] as const;

/** Registers a test in all variants; `body` gets a fresh scratch per `cases` entry. */
export function testKernel<Case>(
  name: string,
  cases: readonly Case[],
  body: (scratch: Scratch, test: Case) => Promise<void>,
): void {
  for (const { suffix, portable, precision } of variants) {
    Deno.test(name + suffix, async () => {
      const gpu = await requestGpu({ portable });
      try {
        for (const test of cases) {
          const scratch = new Scratch(gpu, precision);
          try {
            await body(scratch, test);
          } catch (error) {
            (error as Error).message = `${JSON.stringify(test)}: ${(error as Error).message}`;
            throw error;
          } finally {
            scratch.destroy();
          }
        }
      } finally {
        gpu.destroy();
      }
    });
  }
}
