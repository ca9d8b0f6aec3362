/** Spreads batches over the cores, a few in flight at a time, and hands results back in order. */

import type { Requests } from "./worker.ts";

type Name = keyof Requests;

/** More encoders than this wait for the one reader. */
const MOST_WORKERS = 8;

export class WorkerPool {
  readonly #workers: PoolWorker[];

  constructor(size: number = Math.min(MOST_WORKERS, navigator.hardwareConcurrency)) {
    this.#workers = Array.from({ length: size }, () => new PoolWorker());
  }

  /** The same request to every worker. */
  all<N extends Name>(name: N, request: Requests[N]["request"]): Promise<Requests[N]["reply"][]> {
    return Promise.all(this.#workers.map((worker) => worker.ask(name, request, [])));
  }

  /**
   * One request per input, replies in the order of the inputs. At most two batches per worker are
   * under way, so memory does not grow with the input.
   */
  async *map<N extends "count" | "encode">(
    name: N,
    inputs: AsyncIterable<Requests[N]["request"]>,
  ): AsyncGenerator<{ reply: Requests[N]["reply"]; notes: number }> {
    const pending: Promise<{ reply: Requests[N]["reply"]; notes: number }>[] = [];
    let sent = 0;
    for await (const batch of inputs) {
      const notes = batch.ends.length;
      const worker = this.#workers[sent++ % this.#workers.length];
      const reply = worker.ask(name, batch, [batch.bytes.buffer]);
      const result = reply.then((reply) => ({ reply, notes }));
      result.catch(() => {}); // Reported when its turn comes.
      pending.push(result);
      if (pending.length >= 2 * this.#workers.length) yield await pending.shift()!;
    }
    for (const result of pending) yield await result;
  }

  close(): void {
    for (const worker of this.#workers) worker.close();
  }
}

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

class PoolWorker {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #waiting: Waiting[] = [];

  constructor() {
    this.#worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.#waiting.shift()!;
      if (data.error === undefined) resolve(data.reply);
      else reject(new Error(`Cannot tokenize: a worker failed: ${data.error}`));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const error = new Error(`Cannot tokenize: a worker ended: ${event.message}`);
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
  }

  ask<N extends Name>(
    name: N,
    request: Requests[N]["request"],
    transfer: Transferable[],
  ): Promise<Requests[N]["reply"]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as Waiting["resolve"], reject });
      this.#worker.postMessage({ name, request }, transfer);
    });
  }

  close(): void {
    this.#worker.terminate();
  }
}
