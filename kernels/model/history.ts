/**
 * Loss and gradient norm of the latest steps, kept on the device, so that many steps are read in
 * one wait: in Deno every wait blocks until the queue is idle and then sleeps 10 ms.
 */

import type { Gpu } from "../core/device.ts";
import { readTensor, type Tensor } from "../core/tensor.ts";
import type { Gpt2Plan } from "./plan.ts";

/** What is known about a step once the device has done it. */
export interface StepMetrics {
  /** As given to `Gpt2.step`. */
  step: number;
  /** Mean loss in nats. */
  loss: number;
  /** Norm of the gradient before clipping; not finite if `skipped`. */
  gradNorm: number;
  /** In f16: what the loss was multiplied by. */
  lossScale?: number;
  /** In f16: the gradient overflowed, so that nothing was updated and the scale is now half. */
  skipped?: true;
}

/** Steps that fit; `record` beyond them must be preceded by `read`. */
export const HISTORY_STEPS = 64;

/** Of each step: loss, norm, what the gradient was multiplied by, loss scale. */
const FIELDS = 4;

export const historyShape = [HISTORY_STEPS, FIELDS] as const;

export class History {
  #steps: number[] = [];

  /** `buffer` is of `historyShape`. */
  constructor(
    readonly gpu: Gpu,
    readonly buffer: Tensor,
    readonly source: Pick<Gpt2Plan, "loss" | "norm" | "lossScale" | "precision">,
  ) {}

  get full(): boolean {
    return this.#steps.length === HISTORY_STEPS;
  }

  /** Encodes the copy of a step's numbers. */
  record(encoder: GPUCommandEncoder, step: number): void {
    let at = this.#steps.length * FIELDS * 4;
    const { loss, norm, lossScale } = this.source;
    const copy = ({ buffer, offset }: Tensor, element: number, count: number) => {
      encoder.copyBufferToBuffer(buffer, offset + 4 * element, this.buffer.buffer, at, 4 * count);
      at += 4 * count;
    };
    copy(loss, 0, 1);
    copy(norm, 0, 2);
    copy(lossScale, 2, 1);
    this.#steps.push(step);
  }

  /** Waits; the metrics of every step since the last call, in order. */
  async read(): Promise<StepMetrics[]> {
    if (this.#steps.length === 0) return [];
    const steps = this.#steps;
    this.#steps = [];
    const values = await readTensor(this.gpu, this.buffer);
    return steps.map((step, i) => {
      const [loss, gradNorm, factor, lossScale] = values.subarray(FIELDS * i, FIELDS * (i + 1));
      if (this.source.precision === "f32") return { step, loss, gradNorm };
      return { step, loss, gradNorm, lossScale, ...(factor === 0 ? { skipped: true } : {}) };
    });
  }
}
