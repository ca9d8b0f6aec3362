/**
 * A WebGPU device with everything its adapter grants, and with errors that cannot be missed.
 *
 * WebGPU reports mistakes by event, long after the call that made them. Every wait in this folder
 * therefore ends with `gpu.check()`, which throws the first one.
 */

import { GpuLostError, GpuMemoryError, GpuUnavailableError, GpuValidationError } from "./errors.ts";

/** A device with what is known about its adapter. */
export interface Gpu {
  /** WebGPU's own handle. */
  readonly device: GPUDevice;
  /** What the device was granted. */
  readonly limits: GPUSupportedLimits;
  /** For people: `NVIDIA H200` or `llvmpipe (LLVM 15.0.6, 256 bits)`. */
  readonly name: string;
  /** Runs on the CPU (SwiftShader, lavapipe): barriers are dear there, and choices differ. */
  readonly software: boolean;
  /** Lanes that may run in lockstep, smallest and largest; `null` without subgroup built-ins. */
  readonly subgroups: { readonly min: number; readonly max: number } | null;
  /** The `shader-f16` feature was granted. */
  readonly f16: boolean;
  /** The `timestamp-query` feature was granted. */
  readonly timestamps: boolean;
  /** Throws the first error the device has reported since it was requested. */
  check(): void;
  /** Gives the device back. */
  destroy(): void;
}

/** How to ask for a device. */
export interface GpuOptions {
  /** Ask for no optional feature, so that only portable kernels are chosen. */
  portable?: boolean;
}

const optionalFeatures = ["timestamp-query", "shader-f16", "subgroups"];

/** Throws a `GpuUnavailableError` where there is no adapter. */
export async function requestGpu({ portable = false }: GpuOptions = {}): Promise<Gpu> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new GpuUnavailableError(
      "No WebGPU adapter: --gpu needs a GPU with a Vulkan, Metal or D3D12 driver; " +
        'leave --gpu out to train on the CPU, or run "deno task software-gpu train --gpu"',
    );
  }
  const { device, granted } = await requestDevice(adapter, portable ? [] : optionalFeatures);
  return watch(adapter, device, granted);
}

/**
 * Deno grants "subgroups" on adapters that do not list it, so it is asked for and given up again
 * when refused; the other features are asked for only where listed.
 */
async function requestDevice(adapter: GPUAdapter, wanted: string[]) {
  const listed = wanted.filter((name) => adapter.features.has(name as GPUFeatureName));
  const attempts = wanted.includes("subgroups") && !listed.includes("subgroups")
    ? [[...listed, "subgroups"], listed]
    : [listed];
  let refusal: unknown;
  for (const features of attempts) {
    try {
      const device = await adapter.requestDevice({
        requiredFeatures: features as GPUFeatureName[],
        requiredLimits: adapterLimits(adapter),
      });
      return { device, granted: features };
    } catch (error) {
      refusal = error;
    }
  }
  throw new GpuUnavailableError(
    `The adapter ${adapterName(adapter)} refused a device: ${(refusal as Error).message}; ` +
      "update its driver, or leave --gpu out to train on the CPU",
  );
}

/** The limits that the kernels outgrow at WebGPU's defaults. */
function adapterLimits(adapter: GPUAdapter): Record<string, number> {
  const { limits } = adapter;
  return {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
    maxComputeWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
  };
}

const adapterName = ({ info }: GPUAdapter) =>
  info.description || info.device || info.vendor || "of unknown name";

function watch(adapter: GPUAdapter, device: GPUDevice, granted: string[]): Gpu {
  const name = adapterName(adapter);
  let fault: Error | undefined;
  let closing = false;
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    fault ??= namedError((event as GPUUncapturedErrorEvent).error);
  });
  device.lost.then(({ reason, message }) => {
    if (closing) return;
    fault = new GpuLostError( // the cause of whatever was refused meanwhile
      `The device ${name} was lost (${reason}: ${message || "no message"}); ` +
        "check the driver's log, then start again with --resume",
    );
  });
  const { subgroupMinSize: min, subgroupMaxSize: max } = adapter.info;
  return {
    device,
    limits: device.limits,
    name,
    software: /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i.test(name),
    subgroups: granted.includes("subgroups") && min >= 4 ? { min, max } : null,
    f16: granted.includes("shader-f16"),
    timestamps: granted.includes("timestamp-query"),
    check() {
      if (fault) throw fault;
    },
    destroy() {
      closing = true;
      device.destroy();
    },
  };
}

/** Our named error for one of WebGPU's. */
export function namedError(error: GPUError): Error {
  const message = error.message.trim().replaceAll(/\s*\n\s*/g, "; ");
  if (error instanceof GPUOutOfMemoryError) {
    return new GpuMemoryError(
      `The device is out of memory (${message}); use a smaller --batch-size`,
    );
  }
  return new GpuValidationError(`The device refused a call: ${message}`);
}
