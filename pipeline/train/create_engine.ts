/** Picks the engine. Each is loaded only when asked for: the other's runtime may not be there. */

import type { Engine, EngineOptions } from "./engine.ts";

import type { WebGpuChoice } from "./webgpu_engine.ts";

/** Where to train: on WebGPU, or on the CPU with so many threads (one per physical core if absent). */
export type EngineChoice = { kind: "gpu" } & WebGpuChoice | { kind: "cpu"; threads?: number };

/** Throws where there is no such engine here, before anything is written for it. */
export async function requireEngine(choice: EngineChoice): Promise<void> {
  if (choice.kind !== "gpu") return;
  const { requireAdapter } = await import("./webgpu_engine.ts");
  await requireAdapter(choice);
}

export async function createEngine(choice: EngineChoice, options: EngineOptions): Promise<Engine> {
  if (choice.kind === "gpu") {
    const { createWebGpuEngine } = await import("./webgpu_engine.ts");
    return await createWebGpuEngine(options, choice);
  }
  const { createCpuEngine } = await import("./cpu_engine.ts");
  return await createCpuEngine({ ...options, threads: choice.threads });
}
