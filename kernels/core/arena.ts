/**
 * All memory of a computation: planned tensor by tensor, checked against the adapter, printed by
 * purpose, then allocated at once. Nothing is allocated afterwards.
 */

import type { Gpu } from "./device.ts";
import { GpuMemoryError } from "./errors.ts";
import { alignUp, bytesPerElement, type DataType, elementCount } from "./tensor.ts";
import { type Storage, Tensor } from "./tensor.ts";

interface Planned extends Storage {
  readonly purpose: string;
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
    const bytes = alignUp(Math.max(elementCount(shape) * bytesPerElement[type], 4), 16);
    const storage: Planned = { purpose, label, bytes };
    this.#storages.push(storage);
    return new Tensor(storage, shape, type);
  }

  /** Plans one buffer that holds many tensors one behind the other, each aligned for binding. */
  pack(
    purpose: string,
    label: string,
    shapes: readonly { name: string; shape: readonly number[] }[],
  ): { flat: Tensor; parts: Map<string, Tensor> } {
    const offsets: number[] = [];
    let bytes = 0;
    for (const { shape } of shapes) {
      offsets.push(bytes);
      bytes = alignUp(bytes + elementCount(shape) * 4);
    }
    const flat = this.tensor(purpose, label, [bytes / 4]);
    const parts = shapes.map(({ name, shape }, index): [string, Tensor] => [
      name,
      flat.view(shape, offsets[index] / 4, `${label}/${name}`),
    ]);
    return { flat, parts: new Map(parts) };
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
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const name = maxBufferSize < maxStorageBufferBindingSize
      ? "maxBufferSize"
      : "maxStorageBufferBindingSize";
    const tooLarge = this.#storages.find(({ bytes }) => bytes > limit);
    return tooLarge
      ? `${tooLarge.label} needs ${tooLarge.bytes} bytes, the adapter's ${name} is ${limit}`
      : null;
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
