/** A shaped window into a GPU buffer. Row-major, contiguous. */

import type { Gpu } from "./device.ts";

export type DataType = "f32" | "f16" | "u32" | "i32";

export const bytesPerElement: Record<DataType, number> = { f32: 4, f16: 2, u32: 4, i32: 4 };

/** WebGPU's default `minStorageBufferOffsetAlignment`: every view starts at a multiple of it. */
export const ALIGNMENT = 256;

export const alignUp = (bytes: number, alignment = ALIGNMENT) =>
  Math.ceil(bytes / alignment) * alignment;

export const elementCount = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** A buffer that is planned first and allocated later, all at once (see arena.ts). */
export interface Storage {
  readonly label: string;
  readonly bytes: number;
  buffer?: GPUBuffer;
}

export class Tensor {
  constructor(
    readonly storage: Storage,
    readonly shape: readonly number[],
    readonly type: DataType = "f32",
    /** Bytes from the start of the buffer. */
    readonly offset = 0,
    readonly label = storage.label,
  ) {
    if (offset % ALIGNMENT !== 0) {
      throw new RangeError(`Tensor ${label} starts at byte ${offset}, not a multiple of 256`);
    }
    if (offset + this.bytes > storage.bytes) {
      throw new RangeError(
        `Tensor ${label} (${shape}) ends at byte ${offset + this.bytes}, its buffer at ` +
          `${storage.bytes}`,
      );
    }
  }

  get size(): number {
    return elementCount(this.shape);
  }

  /** Rounded up to 4, WebGPU's unit of copying. */
  get bytes(): number {
    return alignUp(this.size * bytesPerElement[this.type], 4);
  }

  get buffer(): GPUBuffer {
    if (!this.storage.buffer) throw new Error(`Tensor ${this.label} is used before allocation`);
    return this.storage.buffer;
  }

  /** The same bytes from the tensor's start on, as another type. */
  as(type: DataType, shape: readonly number[]): Tensor {
    return new Tensor(this.storage, shape, type, this.offset, this.label);
  }

  /** The same bytes from element `start` on, under another shape. */
  view(shape: readonly number[], start = 0, label = this.label): Tensor {
    const offset = this.offset + start * bytesPerElement[this.type];
    return new Tensor(this.storage, shape, this.type, offset, label);
  }
}

/** Throws a `RangeError` unless `tensor` has exactly this shape. */
export function expectShape(name: string, tensor: Tensor, expected: readonly number[]): void {
  const { shape } = tensor;
  if (shape.length !== expected.length || shape.some((size, axis) => size !== expected[axis])) {
    throw new RangeError(`${name} (${tensor.label}) is (${shape}), expected (${expected})`);
  }
}

/** Rows and columns when all axes but the last count as rows. */
export function rowsAndColumns(tensor: Tensor): [rows: number, columns: number] {
  const columns = tensor.shape[tensor.shape.length - 1];
  return [tensor.size / columns, columns];
}

/** Queues a copy of `data` into `tensor`; ordered with dispatches by submission. */
export function writeTensor(
  { device }: Gpu,
  tensor: Tensor,
  data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): void {
  if (data.length !== tensor.size) {
    throw new RangeError(`${tensor.label} holds ${tensor.size} values, was given ${data.length}`);
  }
  device.queue.writeBuffer(tensor.buffer, tensor.offset, data);
}

/** Waits for the queue and returns a copy of the tensor's bytes. */
export async function readBytes(gpu: Gpu, tensor: Tensor): Promise<ArrayBuffer> {
  const { device } = gpu;
  const staging = device.createBuffer({
    label: `read ${tensor.label}`,
    size: tensor.bytes,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(tensor.buffer, tensor.offset, staging, 0, tensor.bytes);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    gpu.check();
    return staging.getMappedRange().slice(0);
  } catch (error) {
    await new Promise((resolve) => setTimeout(resolve, 0)); // for the event that names the cause
    gpu.check();
    throw error;
  } finally {
    staging.destroy();
  }
}

/** Waits for the queue and returns the values of an f32 or f16 tensor. */
export async function readTensor(gpu: Gpu, tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
  const bytes = await readBytes(gpu, tensor);
  if (tensor.type === "f16") return Float32Array.from(new Float16Array(bytes, 0, tensor.size));
  return new Float32Array(bytes, 0, tensor.size);
}

/** Consecutive rows of a matrix. */
export interface Band {
  first: number;
  count: number;
  /** (count, columns) */
  rows: Tensor;
}

/** Bands start at multiples of so many rows: aligned for binding, whatever the number of columns. */
export const BAND_UNIT = 64;

/**
 * A matrix in bands of rows that each fit one binding: GPT-2's token embedding has 147 MiB, where
 * many adapters bind 128 MiB at most. One band, the matrix itself, where it fits.
 */
export function rowBands({ limits }: Gpu, matrix: Tensor): Band[] {
  const [rows, columns] = rowsAndColumns(matrix);
  const fitting = limits.maxStorageBufferBindingSize / (columns * bytesPerElement[matrix.type]);
  const size = fitting >= rows
    ? rows
    : Math.max(Math.floor(fitting / BAND_UNIT) * BAND_UNIT, BAND_UNIT);
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => {
    const first = i * size, count = Math.min(size, rows - first);
    return { first, count, rows: matrix.view([count, columns], first * columns) };
  });
}
