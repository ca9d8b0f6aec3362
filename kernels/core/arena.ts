/**
 * All memory of a computation: planned tensor by tensor, checked against the adapter, printed by
 * purpose, then allocated at once. Nothing is allocated afterwards.
 */

import type { Gpu } from "./device.ts";
import { GpuMemoryError } from "./errors.ts";
import { alignUp, BAND_UNIT, bytesPerElement, type DataType, elementCount } from "./tensor.ts";
import { type Storage, Tensor } from "./tensor.ts";

interface Planned extends Storage {
  readonly purpose: string;
  /** Bytes of the largest range that a kernel binds at once. */
  readonly largestBinding: number;
}

/** Bytes by purpose (`parameters`, `activations`, …). */
export type MemoryPlan = Record<string, number>;

export class Arena {
  #storages: Planned[] = [];

  /** Plans a buffer of its own for a tensor. */
  tensor(
    purpose: string,
    label: string,
    shape: readonly number[],
    type: DataType = "f32",
  ): Tensor {
    const bytes = elementCount(shape) * bytesPerElement[type];
    return new Tensor(this.#plan(purpose, label, bytes, bytes), shape, type);
  }

  /**
   * Plans one buffer that holds many f32 tensors one behind the other, each aligned for binding.
   * Only the parts are bound; `flat` may be larger than the adapter's largest binding, and so may a
   * part that is bound in bands of rows (`rowBands`).
   */
  pack(
    purpose: string,
    label: string,
    shapes: readonly { name: string; shape: readonly number[]; banded?: boolean }[],
  ): { flat: Tensor; parts: Map<string, Tensor> } {
    const offsets: number[] = [];
    let bytes = 0;
    for (const { shape } of shapes) {
      offsets.push(bytes);
      bytes = alignUp(bytes + elementCount(shape) * 4);
    }
    const largest = Math.max(
      ...shapes.map(({ shape: [rows, ...rest], banded }) =>
        4 * elementCount([banded ? Math.min(rows, BAND_UNIT) : rows, ...rest])
      ),
    );
    const flat = new Tensor(this.#plan(purpose, label, bytes, largest), [bytes / 4]);
    const parts = shapes.map(({ name, shape }, index): [string, Tensor] => [
      name,
      flat.view(shape, offsets[index] / 4, `${label}/${name}`),
    ]);
    return { flat, parts: new Map(parts) };
  }

  #plan(purpose: string, label: string, bytes: number, largestBinding: number): Planned {
    const storage = { purpose, label, bytes: alignUp(Math.max(bytes, 4), 16), largestBinding };
    this.#storages.push(storage);
    return storage;
  }

  /** Planned bytes by purpose. */
  get memory(): MemoryPlan {
    const memory: MemoryPlan = {};
    for (const { purpose, bytes } of this.#storages) {
      memory[purpose] = (memory[purpose] ?? 0) + bytes;
    }
    return memory;
  }

  /** The first planned buffer that one of the adapter's limits forbids, as a sentence. */
  refusal({ maxBufferSize, maxStorageBufferBindingSize }: GPUSupportedLimits): string | null {
    for (const { label, bytes, largestBinding } of this.#storages) {
      if (bytes > maxBufferSize) {
        return `${label} needs ${bytes} bytes, the adapter's maxBufferSize is ${maxBufferSize}`;
      }
      if (largestBinding > maxStorageBufferBindingSize) {
        return `${label} needs a binding of ${largestBinding} bytes, the adapter's ` +
          `maxStorageBufferBindingSize is ${maxStorageBufferBindingSize}`;
      }
    }
    return null;
  }

  /** Creates every planned buffer, zero-filled. Throws a `GpuMemoryError` past a limit. */
  allocate(gpu: Gpu): void {
    const refusal = this.refusal(gpu.limits);
    if (refusal) throw new GpuMemoryError(`Cannot allocate: ${refusal}`);
    for (const storage of this.#storages) {
      storage.buffer ??= gpu.device.createBuffer({
        label: storage.label,
        size: storage.bytes,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
    }
  }

  destroy(): void {
    for (const storage of this.#storages) storage.buffer?.destroy();
    this.#storages = [];
  }
}
