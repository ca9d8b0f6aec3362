/** The thread of the CPU engine: calls of cpu_engine.ts, one after the other, on an `OnnxEngine`. */

import { answerCalls } from "../lib/base/threads.ts";
import { loadRuntime } from "../lib/gpt/onnx/runtime.ts";
import type { Batch, EngineOptions } from "./engine.ts";
import { OnnxEngine } from "./onnx_engine.ts";

let engine: OnnxEngine;

const methods = {
  async start(options: EngineOptions & { threads?: number }) {
    const warnings: string[] = [];
    const warn = (warning: string) => warnings.push(warning);
    engine = new OnnxEngine(options, await loadRuntime({ threads: options.threads, warn }));
    return { description: engine.description, memory: engine.memory, warnings };
  },
  step: (batches: Batch[], step: number, rate: number) => engine.step(batches, step, rate),
  metrics: () => engine.metrics(),
  loss: (batch: Batch) => engine.loss(batch),
  logits: (inputs: Parameters<OnnxEngine["logits"]>[0]) => engine.logits(inputs),
  gradients: (batch: Batch) => engine.gradients(batch),
  roof: () => engine.roof(),
  state: () => engine.state(),
  close: () => engine.close(),
};

export type CpuMethods = typeof methods;

answerCalls(methods);
