/**
 * The CPU engine: `OnnxEngine` in a worker thread. ONNX Runtime's native `run` blocks its thread
 * for the whole step, and the main thread has a progress line to draw and Ctrl-C to hear.
 */

import type { Batch, Engine, EngineOptions } from "./engine.ts";
import type { Answer, Call, MethodName, Methods, Started } from "./cpu_worker.ts";

export interface CpuEngineOptions extends EngineOptions {
  /** By default one per physical core. */
  threads?: number;
  /** Where the warning about a missing native binary goes. */
  warn?: (message: string) => void;
}

/** Starts the engine. Throws what the worker threw while it loaded ONNX Runtime. */
export async function createCpuEngine(
  { warn = console.warn, ...options }: CpuEngineOptions,
): Promise<Engine> {
  const remote = new Remote();
  try {
    const started = await remote.start(options, warn);
    return engineOver(remote, started);
  } catch (error) {
    remote.terminate();
    throw error;
  }
}

function engineOver(remote: Remote, { description, memory }: Started): Engine {
  return {
    description,
    memory,
    step: (microBatches: Batch[], step: number, learningRate: number) =>
      remote.call("step", [microBatches, step, learningRate]),
    metrics: () => remote.call("metrics", []),
    loss: (batch) => remote.call("loss", [batch]),
    logits: (inputs) => remote.call("logits", [inputs]),
    gradients: (batch) => remote.call("gradients", [batch]),
    roof: () => remote.call("roof", []),
    state: () => remote.call("state", []),
    async close() {
      await remote.call("close", []);
      remote.terminate();
    },
  };
}

interface Waiting {
  // deno-lint-ignore no-explicit-any
  resolve(value: any): void;
  reject(error: Error): void;
}

/** Method calls to the worker, answered in any order. */
class Remote {
  readonly #worker = new Worker(new URL("./cpu_worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #warn: (message: string) => void = () => {};

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const error = new Error(`Cannot go on: the CPU engine's thread failed: ${event.message}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
  }

  start(
    options: Omit<CpuEngineOptions, "warn">,
    warn: (message: string) => void,
  ): Promise<Started> {
    this.#warn = warn;
    return this.#send({ start: options });
  }

  call<M extends MethodName>(method: M, args: Parameters<Methods[M]>): ReturnType<Methods[M]> {
    return this.#send({ method, args }) as ReturnType<Methods[M]>;
  }

  terminate(): void {
    this.#worker.terminate();
  }

  #send<T>(call: Call): Promise<T> {
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call });
    });
  }

  #receive(answer: Answer): void {
    if ("warning" in answer) return this.#warn(answer.warning);
    const waiting = this.#waiting.get(answer.id)!;
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting.reject(new Error(answer.error));
    else waiting.resolve(answer.result);
  }
}
