/**
 * Records dispatches once and replays them every step. Bind groups and the uniforms with each
 * dispatch's Params are made while recording; a replay only sets pipelines, sets bind groups and
 * dispatches, in one compute pass (13 µs a dispatch, against 42 µs for a pass of its own).
 *
 * Values that change from step to step (learning rate, dropout seed) are read by kernels from a
 * small tensor that is written before the replay.
 */

import type { Gpu } from "./device.ts";
import { type Access, compiled, type Kernel, type ScalarType } from "./kernel.ts";
import { alignUp, type DataType, Tensor } from "./tensor.ts";

/** Everything one dispatch needs; the types follow from the kernel's declaration. */
export interface Dispatch<
  P extends Record<string, ScalarType>,
  B extends Record<string, Access>,
  C extends string,
> {
  params: { [K in keyof P]: number };
  tensors: { [K in keyof B]: Tensor };
  overrides?: Partial<Record<C, number>>;
  workgroups: readonly [x: number, y?: number, z?: number];
}

export interface RecordedDispatch {
  kind: "dispatch";
  label: string;
  group: string;
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  workgroups: [number, number, number];
}

interface RecordedClear {
  kind: "clear";
  group: string;
  tensor: Tensor;
}

type Recorded = RecordedDispatch | RecordedClear;

/** Storage for uniforms is taken in pages, so that offsets are known while recording. */
const UNIFORM_PAGE = 64 * 1024;

export class Recorder {
  #recorded: Recorded[] = [];
  #pages: UniformPage[] = [];
  #group = "other";

  constructor(readonly gpu: Gpu) {}

  /** Names what the following dispatches belong to, for timings: `attention`, `matmul`, … */
  group(name: string): this {
    this.#group = name;
    return this;
  }

  /** Records one dispatch. Throws a `RangeError` for aliased or oversized arguments. */
  dispatch<
    P extends Record<string, ScalarType>,
    B extends Record<string, Access>,
    C extends string,
  >(kernel: Kernel<P, B, C>, { params, tensors, overrides, workgroups }: Dispatch<P, B, C>): void {
    expectNoAliases(kernel, tensors);
    expectBindable(this.gpu, kernel, tensors);
    const [x, y = 1, z = 1] = workgroups;
    const limit = this.gpu.limits.maxComputeWorkgroupsPerDimension;
    if ([x, y, z].some((count) => !Number.isInteger(count) || count < 1 || count > limit)) {
      throw new RangeError(
        `${kernel.label}: workgroups (${[x, y, z]}), each must be 1 to ${limit}`,
      );
    }
    const pipeline = kernel.pipeline(this.gpu, overrides ?? {}, realOf(kernel, tensors));
    const entries = [...this.#uniform(kernel, params), ...storages(kernel, tensors)];
    const bindGroup = this.gpu.device.createBindGroup({
      label: kernel.label,
      layout: pipeline.getBindGroupLayout(0),
      entries: entries.map((resource, binding) => ({ binding, resource })),
    });
    const group = this.#group;
    this.#recorded.push({
      kind: "dispatch",
      label: kernel.label,
      group,
      pipeline,
      bindGroup,
      workgroups: [x, y, z],
    });
  }

  /** Records filling a tensor with zeros. */
  clear(tensor: Tensor): void {
    this.#recorded.push({ kind: "clear", group: this.#group, tensor });
  }

  #uniform(kernel: Kernel, params: Record<string, number>): GPUBufferBinding[] {
    const types = Object.entries(kernel.params);
    if (types.length === 0) return [];
    const bytes = alignUp(types.length * 4, 16);
    let page = this.#pages.at(-1);
    if (!page || page.used + bytes > UNIFORM_PAGE) {
      this.#pages.push(page = new UniformPage(this.gpu));
    }
    return [page.put(types.map(([name, type]) => ({ type, value: params[name] })), bytes)];
  }

  /** Waits for all compilations (throws a `WgslError` on failure) and seals the recording. */
  async finish(): Promise<Program> {
    for (const page of this.#pages) page.upload();
    await compiled(this.gpu);
    return new Program(this.gpu, this.#recorded, this.#pages.map(({ buffer }) => buffer));
  }
}

class UniformPage {
  readonly buffer: GPUBuffer;
  used = 0;
  #bytes = new DataView(new ArrayBuffer(UNIFORM_PAGE));

  constructor(readonly gpu: Gpu) {
    this.buffer = gpu.device.createBuffer({
      label: "params",
      size: UNIFORM_PAGE,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  put(values: { type: ScalarType; value: number }[], bytes: number): GPUBufferBinding {
    const offset = this.used;
    values.forEach(({ type, value }, index) => {
      const at = offset + 4 * index;
      if (type === "f32") this.#bytes.setFloat32(at, value, true);
      else if (type === "i32") this.#bytes.setInt32(at, value, true);
      else this.#bytes.setUint32(at, value, true);
    });
    this.used = alignUp(offset + bytes);
    return { buffer: this.buffer, offset, size: bytes };
  }

  upload(): void {
    this.gpu.device.queue.writeBuffer(this.buffer, 0, this.#bytes.buffer as ArrayBuffer);
  }
}

function storages(kernel: Kernel, tensors: Record<string, Tensor>): GPUBufferBinding[] {
  return Object.keys(kernel.bindings).map((name) => {
    const { buffer, offset, bytes } = tensors[name];
    return { buffer, offset, size: bytes };
  });
}

/** WebGPU rejects one buffer bound both for reading and for writing, even at disjoint ranges. */
function expectNoAliases(kernel: Kernel, tensors: Record<string, Tensor>): void {
  const uses = Object.entries(kernel.bindings)
    .map(([name, access]) => ({ name, access, tensor: tensors[name] }));
  for (const one of uses.filter(({ access }) => access === "read_write")) {
    for (const other of uses) {
      if (other === one || other.tensor.storage !== one.tensor.storage) continue;
      if (other.access === "read_write" && disjoint(one.tensor, other.tensor)) continue;
      throw new RangeError(
        `${kernel.label}: ${one.name} and ${other.name} share the buffer ` +
          `${one.tensor.storage.label}, which WebGPU forbids`,
      );
    }
  }
}

function expectBindable({ limits }: Gpu, kernel: Kernel, tensors: Record<string, Tensor>): void {
  const limit = limits.maxStorageBufferBindingSize;
  for (const name of Object.keys(kernel.bindings)) {
    const { label, bytes } = tensors[name];
    if (bytes <= limit) continue;
    throw new RangeError(
      `${kernel.label}: ${name} (${label}) has ${bytes} bytes, the adapter binds ${limit}`,
    );
  }
}

/** The type of the tensors that a kernel takes in f32 or f16. */
function realOf({ label, reals = [] }: Kernel, tensors: Record<string, Tensor>): DataType {
  const types = new Set(reals.map((name) => tensors[name].type));
  if (types.size > 1) {
    const list = reals.map((name) => `${name} ${tensors[name].type}`).join(", ");
    throw new TypeError(`${label}: ${list}, expected one type`);
  }
  return [...types][0] ?? "f32";
}

const disjoint = (a: Tensor, b: Tensor) =>
  a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;

/** A sealed recording. */
export class Program {
  #uniforms: GPUBuffer[];

  constructor(readonly gpu: Gpu, readonly recorded: readonly Recorded[], uniforms: GPUBuffer[]) {
    this.#uniforms = uniforms;
  }

  /** Encodes the whole recording. */
  encode(encoder: GPUCommandEncoder): void {
    let pass: GPUComputePassEncoder | undefined;
    for (const item of this.recorded) {
      if (item.kind === "clear") {
        pass?.end();
        pass = undefined;
        encoder.clearBuffer(item.tensor.buffer, item.tensor.offset, item.tensor.bytes);
        continue;
      }
      pass ??= encoder.beginComputePass();
      pass.setPipeline(item.pipeline);
      pass.setBindGroup(0, item.bindGroup);
      pass.dispatchWorkgroups(...item.workgroups);
    }
    pass?.end();
  }

  /** Encodes and submits the whole recording; does not wait. */
  submit(): void {
    const encoder = this.gpu.device.createCommandEncoder();
    this.encode(encoder);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    for (const buffer of this.#uniforms) buffer.destroy();
  }
}

/** Workgroups in x and y that together are at least `count`: one axis ends at 65,535. */
export function spread(count: number, limit = 65535): [x: number, y: number] {
  if (count <= limit) return [Math.max(count, 1), 1];
  const y = Math.ceil(count / limit);
  return [Math.ceil(count / y), y];
}
