/**
 * Loss and gradient norm of the latest steps, kept on the device, so that many steps are read in
 * one wait: in Deno every wait blocks until the queue is idle and then sleeps 10 ms.
 */

import type { Gpu } from "../core/device.ts";
import { readTensor, type Tensor } from "../core/tensor.ts";

export interface StepMetrics {
  step: number;
  /** Mean loss in nats. */
  loss: number;
  /** Norm of the gradient before clipping. */
  gradNorm: number;
}

/** Steps that fit; `record` beyond them must be preceded by `read`. */
export const HISTORY_STEPS = 64;

export class History {
  #steps: number[] = [];

  /** `buffer` is (HISTORY_STEPS, 2), loss and norm are (1) each. */
  constructor(
    readonly gpu: Gpu,
    readonly buffer: Tensor,
    readonly source: {
      loss: Tensor;
      norm: Tensor;
    },
  ) {}

  get full(): boolean {
    return this.#steps.length === HISTORY_STEPS;
  }

  /** Encodes the copy of a step's loss and norm. */
  record(encoder: GPUCommandEncoder, step: number): void {
    const at = this.#steps.length * 8;
    const { loss, norm } = this.source;
    encoder.copyBufferToBuffer(loss.buffer, loss.offset, this.buffer.buffer, at, 4);
    encoder.copyBufferToBuffer(norm.buffer, norm.offset, this.buffer.buffer, at + 4, 4);
    this.#steps.push(step);
  }

  /** Waits; the metrics of every step since the last call, in order. */
  async read(): Promise<StepMetrics[]> {
    if (this.#steps.length === 0) return [];
    const steps = this.#steps;
    this.#steps = [];
    const values = await readTensor(this.gpu, this.buffer);
    return steps.map((step, i) => ({ step, loss: values[2 * i], gradNorm: values[2 * i + 1] }));
  }
}
