/** Ladder (b): one operation at a time on the WebGPU adapter, against its float64 twin. */

import { assert } from "@std/assert";
import { Arena } from "../../kernels/core/arena.ts";
import { type Gpu, requestGpu } from "../../kernels/core/device.ts";
import { Recorder } from "../../kernels/core/recorder.ts";
import { readTensor, type Tensor, writeTensor } from "../../kernels/core/tensor.ts";
import { normals } from "./finite_differences.ts";

/** Tensors of one test. */
export class Scratch {
  #arena = new Arena();

  constructor(readonly gpu: Gpu) {}

  /** A tensor that holds `values`. */
  input(shape: readonly number[], values: Float64Array | Int32Array | Uint32Array): Tensor {
    const type = values instanceof Int32Array
      ? "i32"
      : values instanceof Uint32Array
      ? "u32"
      : "f32";
    const tensor = this.#arena.tensor("test", `input (${shape})`, shape, type);
    this.#arena.allocate(this.gpu);
    const data = values instanceof Float64Array ? Float32Array.from(values) : values.slice();
    writeTensor(this.gpu, tensor, data as Float32Array<ArrayBuffer>);
    return tensor;
  }

  /** A tensor that holds a value no kernel produces, so that what is not written is noticed. */
  output(shape: readonly number[]): Tensor {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.input(shape, new Float64Array(size).fill(UNWRITTEN));
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

  /** Asserts that `tensor` holds `expected`, up to `tolerance` of the largest expected value. */
  async expect(
    name: string,
    tensor: Tensor,
    expected: ArrayLike<number>,
    tolerance = 1e-5,
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

/**
 * Registers a test that runs with all the adapter offers and again with portable kernels only;
 * `body` gets a fresh scratch per `cases` entry.
 */
export function testKernel<Case>(
  name: string,
  cases: readonly Case[],
  body: (scratch: Scratch, test: Case) => Promise<void>,
): void {
  for (const portable of [false, true]) {
    Deno.test(portable ? `${name}, portable` : name, async () => {
      const gpu = await requestGpu({ portable });
      try {
        for (const test of cases) {
          const scratch = new Scratch(gpu);
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
