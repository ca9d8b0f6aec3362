/** Where everything lies in the one memory that the kernels share with JavaScript. */

import type { StoredTensor } from "./weights.ts";

/** Kernels read 16 bytes at a time and 16 values of a row: rows are padded to a multiple of both. */
const ROW = 16;
const PAGE_BYTES = 65536;

/** The length of a row of `width` values in memory. */
export const padded = (width: number): number => Math.ceil(width / ROW) * ROW;

/** Hands out addresses first, then the memory for all of them. */
export class Layout {
  #end = ROW; // 0 stays free: it is no address.
  readonly #copies: { at: number; tensor: StoredTensor }[] = [];

  /** Room for `bytes`; its contents are zeros. */
  reserve(bytes: number): number {
    const at = this.#end;
    this.#end = Math.ceil((at + bytes) / ROW) * ROW;
    return at;
  }

  floats(count: number): number {
    return this.reserve(4 * count);
  }

  /** Room for a stored tensor, which `allocate` copies there row by row. */
  place(tensor: StoredTensor): number {
    const { type, shape } = tensor;
    const width = shape.at(-1)!, rows = shape.length === 1 ? 1 : padded(shape[0]);
    const at = this.reserve(rows * padded(width) * (type === "I8" ? 1 : 4));
    this.#copies.push({ at, tensor });
    return at;
  }

  /** The memory, with every placed tensor in it. */
  allocate(): WebAssembly.Memory {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(this.#end / PAGE_BYTES) });
    for (const { at, tensor } of this.#copies) copyRows(memory.buffer, at, tensor);
    return memory;
  }
}

/** Writes a tensor at address `at`, each row padded with zeros. */
function copyRows(
  memory: ArrayBufferLike,
  at: number,
  { type, shape, data, transposed }: StoredTensor,
) {
  const width = shape.at(-1)!, stride = padded(width);
  if (transposed) {
    if (type === "I8") transpose(data, new Uint8Array(memory, at), shape[0], width, stride);
    else {
      const aligned = new Uint32Array(data.slice().buffer);
      transpose(aligned, new Uint32Array(memory, at), shape[0], width, stride);
    }
    return;
  }
  const size = type === "I8" ? 1 : 4, from = width * size, to = stride * size;
  const bytes = new Uint8Array(memory);
  for (let row = 0; row * from < data.length; row++) {
    bytes.set(data.subarray(row * from, (row + 1) * from), at + row * to);
  }
}

/** Side of the blocks in which a matrix is turned, so that both sides of a copy stay in the cache. */
const BLOCK = 64;

/** (width, rows) in `from` to (rows, stride) in `to`. */
function transpose<T extends Uint8Array | Uint32Array>(
  from: T,
  to: T,
  rows: number,
  width: number,
  stride: number,
): void {
  for (let row0 = 0; row0 < rows; row0 += BLOCK) {
    const row1 = Math.min(rows, row0 + BLOCK);
    for (let k0 = 0; k0 < width; k0 += BLOCK) {
      const k1 = Math.min(width, k0 + BLOCK);
      for (let row = row0; row < row1; row++) {
        for (let k = k0; k < k1; k++) to[row * stride + k] = from[k * rows + row];
      }
    }
  }
}
