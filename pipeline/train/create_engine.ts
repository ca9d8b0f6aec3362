/** Picks the engine. Each is loaded only when asked for: the other's runtime may not be there. */

import type { Engine, EngineOptions } from "./engine.ts";

export async function createEngine(kind: "cpu" | "gpu", options: EngineOptions): Promise<Engine> {
  if (kind === "gpu") {
    const { createWebGpuEngine } = await import("./webgpu_engine.ts");
    return await createWebGpuEngine(options);
  }
  const { createCpuEngine } = await import("./cpu_engine.ts");
  return await createCpuEngine(options);
}
