/**
 * The CPU engine: `OnnxEngine` in a worker thread. ONNX Runtime's native `run` blocks its thread
 * for the whole step, and the main thread has a progress line to draw and Ctrl-C to hear.
 */

import { Thread } from "../lib/base/threads.ts";
import type { Batch, Engine, EngineOptions } from "./engine.ts";
import type { CpuMethods } from "./cpu_worker.ts";

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
  const module = new URL("./cpu_worker.ts", import.meta.url);
  const thread = new Thread<CpuMethods>(module, "go on: the CPU engine is gone");
  try {
    const { description, memory, warnings } = await thread.call("start", [options]);
    warnings.forEach(warn);
    return engineOver(thread, { description, memory });
  } catch (error) {
    thread.terminate();
    throw error;
  }
}

function engineOver(
  thread: Thread<CpuMethods>,
  known: Pick<Engine, "description" | "memory">,
): Engine {
  return {
    ...known,
    step: (batches: Batch[], step, learningRate) =>
      thread.call("step", [batches, step, learningRate]),
    metrics: () => thread.call("metrics", []),
    loss: (batch) => thread.call("loss", [batch]),
    logits: (inputs) => thread.call("logits", [inputs]),
    gradients: (batch) => thread.call("gradients", [batch]),
    roof: () => thread.call("roof", []),
    state: () => thread.call("state", []),
    async close() {
      await thread.call("close", []);
      thread.terminate();
    },
  };
}
