/**
 * ONNX Runtime: native where its binary loads, its WebAssembly build (one thread, about a tenth of
 * the speed) elsewhere. Both have the same interface.
 */

import type * as Ort from "onnxruntime-node";

export type Session = Ort.InferenceSession;
export type Tensor = Ort.Tensor;

export interface Runtime {
  /** `onnxruntime 1.30.0, 2 threads`. */
  readonly description: string;
  readonly threads: number;
  readonly native: boolean;
  readonly Tensor: typeof Ort.Tensor;
  createSession(model: Uint8Array, options?: Ort.InferenceSession.SessionOptions): Promise<Session>;
  /**
   * Runs the graph and writes the named outputs into the arrays of `results`, which may be arrays
   * of `feeds`: what was read is then overwritten.
   */
  runInto(
    session: Session,
    feeds: Record<string, Tensor>,
    results: Record<string, Tensor>,
  ): Promise<void>;
}

export interface RuntimeOptions {
  /** By default one per physical core. */
  threads?: number;
  /** Where the warning about a missing native binary goes. */
  warn?: (message: string) => void;
  /** Loads the native package; replaced in tests. */
  loadNative?: () => Promise<typeof Ort>;
}

/** Loads ONNX Runtime. Never fails for want of a native binary. */
export async function loadRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const { warn = console.warn, loadNative = () => import("onnxruntime-node") } = options;
  try {
    const ort = await loadNative();
    return runtime(ort, options.threads ?? physicalCores(), true);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    warn(
      `warning: onnxruntime-node does not load on this machine (${why}); ` +
        `using its WebAssembly build, on one thread and about ten times slower`,
    );
    const ort = await import("onnxruntime-web");
    ort.env.wasm.numThreads = 1;
    return runtime(ort as unknown as typeof Ort, 1, false);
  }
}

function runtime(ort: typeof Ort, threads: number, native: boolean): Runtime {
  const version = native ? ort.env.versions.node : ort.env.versions.web;
  const build = native ? "onnxruntime" : "onnxruntime-web (WebAssembly)";
  return {
    description: `${build} ${version}, ${threads} thread${threads === 1 ? "" : "s"}`,
    threads,
    native,
    Tensor: ort.Tensor,
    async createSession(model, sessionOptions) {
      // The WebAssembly build takes Deno for Node and puts Node's Worker in the place of the web's.
      const { Worker } = globalThis;
      try {
        return await ort.InferenceSession.create(model, {
          executionProviders: [native ? "cpu" : "wasm"],
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          executionMode: "sequential",
          graphOptimizationLevel: "all",
          logSeverityLevel: 3,
          ...sessionOptions,
        });
      } finally {
        globalThis.Worker = Worker;
      }
    },
    // The native build fills tensors given for the results; the WebAssembly build ignores them.
    async runInto(session, feeds, results) {
      if (native) {
        await session.run(feeds, results);
        return;
      }
      const computed = await session.run(feeds, Object.keys(results));
      for (const [name, { data }] of Object.entries(results)) {
        (data as Float32Array).set(computed[name].data as Float32Array);
      }
    },
  };
}

/**
 * Physical cores this process may use. Hyper-threads share the multiplication units, so that a
 * second thread on a core makes matrix products slower. Linux tells which CPUs are siblings;
 * elsewhere all logical CPUs count.
 */
export function physicalCores(): number {
  const logical = navigator.hardwareConcurrency;
  try {
    const cores = new Set<string>();
    for (let cpu = 0; cpu < 4096; cpu++) {
      const topology = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
      cores.add(Deno.readTextFileSync(topology).trim());
      if (cpu + 1 === logical) break;
    }
    return Math.max(1, Math.min(logical, cores.size));
  } catch {
    return logical;
  }
}
