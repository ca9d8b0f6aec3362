/** The thread of the CPU engine: calls of cpu_engine.ts, one after the other, on an `OnnxEngine`. */

import { loadRuntime } from "../lib/gpt/onnx/runtime.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { OnnxEngine } from "./onnx_engine.ts";

export type Methods = Omit<Engine, "description" | "memory" | "precision" | "tuning">;
export type MethodName = keyof Methods;
export type Started = Pick<Engine, "description" | "memory">;

export type Call =
  | { start: EngineOptions & { threads?: number } }
  | { method: MethodName; args: unknown[] };

export type Answer =
  | { warning: string }
  | { id: number; result: unknown }
  | { id: number; error: string };

/** The worker's side of the global scope, which the main thread's types do not describe. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<{ id: number; call: Call }>) => void;
  postMessage(answer: Answer): void;
};

let engine: OnnxEngine;

async function start(options: EngineOptions & { threads?: number }): Promise<Started> {
  const runtime = await loadRuntime({
    threads: options.threads,
    warn: (warning) => scope.postMessage({ warning }),
  });
  engine = new OnnxEngine(options, runtime);
  return { description: engine.description, memory: engine.memory };
}

async function answer(id: number, call: Call): Promise<Answer> {
  try {
    if ("start" in call) return { id, result: await start(call.start) };
    const method = engine[call.method] as (...args: unknown[]) => Promise<unknown>;
    return { id, result: await method.apply(engine, call.args) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

let last = Promise.resolve();

scope.onmessage = ({ data: { id, call } }) => {
  last = last.then(async () => scope.postMessage(await answer(id, call)));
};
