/** Where everything lies in the one memory that the kernels share with JavaScript. */

import type { StoredTensor } from "./weights_file.ts";

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
    const bytes = new Uint8Array(memory.buffer);
    for (const { at, tensor: { type, shape, data } } of this.#copies) {
      const size = type === "I8" ? 1 : 4;
      const from = shape.at(-1)! * size, to = padded(shape.at(-1)!) * size;
      for (let row = 0; row * from < data.length; row++) {
        bytes.set(data.subarray(row * from, (row + 1) * from), at + row * to);
      }
    }
    return memory;
  }
}
