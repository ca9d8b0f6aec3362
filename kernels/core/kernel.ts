/**
 * A kernel is WGSL text plus the one declaration of what it binds. The types of its arguments
 * follow from the declaration, and `declarationProblems` compares it with the text.
 *
 * Conventions: entry point `main`; one bind group; `@binding(0)` is the uniform `params` (absent
 * when `params` is empty), the tensors follow in the order of `bindings`. Bindings listed as `reals`
 * hold f32 or f16, whatever the tensors of the dispatch hold: the text calls that type `real`.
 */

import type { Gpu } from "./device.ts";
import { namedError } from "./device.ts";
import { WgslError } from "./errors.ts";
import type { DataType } from "./tensor.ts";

export type ScalarType = "u32" | "i32" | "f32";
export type Access = "read" | "read_write";

export interface KernelDeclaration<
  P extends Record<string, ScalarType> = Record<string, ScalarType>,
  B extends Record<string, Access> = Record<string, Access>,
  C extends string = string,
> {
  readonly label: string;
  readonly code: string;
  /** Fields of the WGSL struct `Params`, in order. Fixed when the dispatch is recorded. */
  readonly params: P;
  /** Storage buffers by their WGSL names, in binding order. */
  readonly bindings: B;
  /** Bindings whose elements are of type `real`. */
  readonly reals?: readonly string[];
  /** Names of the WGSL `override`s that a dispatch may set. */
  readonly overrides?: readonly C[];
}

export interface Kernel<
  P extends Record<string, ScalarType> = Record<string, ScalarType>,
  B extends Record<string, Access> = Record<string, Access>,
  C extends string = string,
> extends KernelDeclaration<P, B, C> {
  /** The pipeline for these override values and this `real`, compiled once per device. */
  pipeline(gpu: Gpu, overrides: Partial<Record<C, number>>, real: DataType): GPUComputePipeline;
}

export function defineKernel<
  const P extends Record<string, ScalarType>,
  const B extends Record<string, Access>,
  const C extends string = never,
>(declaration: KernelDeclaration<P, B, C>): Kernel<P, B, C> {
  const variants = { f32: new WeakMap<GPUDevice, Compiled>(), f16: new WeakMap() };
  return {
    ...declaration,
    pipeline(gpu, overrides, real) {
      const devices = variants[real === "f16" ? "f16" : "f32"];
      let compiled = devices.get(gpu.device);
      if (!compiled) devices.set(gpu.device, compiled = compileModule(gpu, declaration, real));
      const key = JSON.stringify(overrides);
      let pipeline = compiled.pipelines.get(key);
      if (!pipeline) {
        pipeline = compilePipeline(gpu, declaration.label, compiled.module, overrides);
        compiled.pipelines.set(key, pipeline);
      }
      return pipeline;
    },
  };
}

interface Compiled {
  module: GPUShaderModule;
  pipelines: Map<string, GPUComputePipeline>;
}

const compilations = new WeakMap<GPUDevice, Promise<void>[]>();

/** Waits for every compilation begun since the last call; throws the first `WgslError`. */
export async function compiled(gpu: Gpu): Promise<void> {
  const waiting = compilations.get(gpu.device) ?? [];
  compilations.set(gpu.device, []);
  for (const result of await Promise.allSettled(waiting)) {
    if (result.status === "rejected") throw result.reason;
  }
  gpu.check();
}

/** The text with `real` defined, on the same line so that line numbers stay. */
function withReal({ code, reals }: KernelDeclaration, real: DataType): string {
  if (!reals) return code;
  return `${real === "f16" ? "enable f16; " : ""}alias real = ${real}; ${code}`;
}

function compileModule(gpu: Gpu, kernel: KernelDeclaration, real: DataType): Compiled {
  const { label } = kernel, code = withReal(kernel, real);
  gpu.device.pushErrorScope("validation");
  const module = gpu.device.createShaderModule({ label, code });
  const error = gpu.device.popErrorScope();
  const verdict = Promise.all([module.getCompilationInfo(), error]).then(([info, error]) => {
    const wrong = info.messages.find(({ type }) => type === "error");
    if (wrong) throw wgslError(label, code, wrong);
    if (error) throw namedError(error);
  });
  awaited(gpu, verdict);
  return { module, pipelines: new Map() };
}

function compilePipeline(
  gpu: Gpu,
  label: string,
  module: GPUShaderModule,
  constants: Partial<Record<string, number>>,
): GPUComputePipeline {
  gpu.device.pushErrorScope("validation");
  const pipeline = gpu.device.createComputePipeline({
    label,
    layout: "auto",
    compute: { module, entryPoint: "main", constants: constants as Record<string, number> },
  });
  awaited(
    gpu,
    gpu.device.popErrorScope().then((error) => {
      if (!error) return;
      const settings = JSON.stringify(constants);
      throw new WgslError(`${label} with overrides ${settings}: ${namedError(error).message}`);
    }),
  );
  return pipeline;
}

function awaited(gpu: Gpu, verdict: Promise<void>): void {
  verdict.catch(() => {}); // reported by `compiled`
  const waiting = compilations.get(gpu.device) ?? [];
  compilations.set(gpu.device, [...waiting, verdict]);
}

function wgslError(
  label: string,
  code: string,
  { lineNum, linePos, message }: GPUCompilationMessage,
) {
  const source = code.split("\n")[lineNum - 1]?.trim() ?? "";
  const text = message.trim().split("\n")[0];
  return new WgslError(`${label}.wgsl:${lineNum}:${linePos} ${text}; in: ${source}`);
}
