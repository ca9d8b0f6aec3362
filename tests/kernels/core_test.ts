import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Arena } from "../../kernels/core/arena.ts";
import { declarationProblems } from "../../kernels/core/declaration.ts";
import { requestGpu } from "../../kernels/core/device.ts";
import { GpuMemoryError, GpuValidationError, WgslError } from "../../kernels/core/errors.ts";
import { defineKernel } from "../../kernels/core/kernel.ts";
import { Recorder, spread } from "../../kernels/core/recorder.ts";
import { readTensor, writeTensor } from "../../kernels/core/tensor.ts";

const scale = defineKernel({
  label: "scale",
  code: `
    override WG: u32 = 64u;
    struct Params { n: u32, factor: f32 }
    @group(0) @binding(0) var<uniform> params: Params;
    @group(0) @binding(1) var<storage, read> inp: array<f32>;
    @group(0) @binding(2) var<storage, read_write> out: array<f32>;
    @compute @workgroup_size(WG)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < params.n) { out[id.x] += params.factor * inp[id.x]; }
    }`,
  params: { n: "u32", factor: "f32" },
  bindings: { inp: "read", out: "read_write" },
  overrides: ["WG"],
});

Deno.test("a recording replays with its params, views and clears", async () => {
  const gpu = await requestGpu();
  const arena = new Arena();
  const { flat, parts } = arena.pack("test", "pair", [
    { name: "one", shape: [3] },
    { name: "two", shape: [2, 2] },
  ]);
  const out = arena.tensor("test", "out", [4]);
  arena.allocate(gpu);
  assertEquals(flat.size, 128); // both parts start at a multiple of 256 bytes
  writeTensor(gpu, parts.get("two")!, new Float32Array([1, 2, 3, 4]));
  const recorder = new Recorder(gpu);
  recorder.clear(out);
  for (const factor of [2, 0.5]) {
    recorder.dispatch(scale, {
      params: { n: 4, factor },
      tensors: { inp: parts.get("two")!, out },
      overrides: { WG: 32 },
      workgroups: [1],
    });
  }
  const program = await recorder.finish();
  program.submit();
  program.submit(); // the clear makes the second replay equal the first
  assertEquals([...await readTensor(gpu, out)], [2.5, 5, 7.5, 10]);
  program.destroy();
  arena.destroy();
  gpu.destroy();
});

Deno.test("a kernel that does not compile is named with its line", async () => {
  const gpu = await requestGpu();
  const arena = new Arena();
  const out = arena.tensor("test", "out", [4]);
  arena.allocate(gpu);
  const wrong = defineKernel({
    label: "wrong",
    code: "@group(0) @binding(0) var<storage, read_write> out: array<f32>;\n" +
      "@compute @workgroup_size(1)\nfn main() { out[0] = 1u; }",
    params: {},
    bindings: { out: "read_write" },
  });
  const recorder = new Recorder(gpu);
  recorder.dispatch(wrong, { params: {}, tensors: { out }, workgroups: [1] });
  await assertRejects(() => recorder.finish(), WgslError, "wrong.wgsl:3");
  gpu.destroy();
});

Deno.test("aliased, oversized and misdeclared dispatches are refused while recording", async () => {
  const gpu = await requestGpu();
  const arena = new Arena();
  const out = arena.tensor("test", "out", [128]);
  arena.allocate(gpu);
  const recorder = new Recorder(gpu);
  const params = { n: 64, factor: 1 };
  assertThrows(
    () => {
      const tensors = { inp: out.view([64]), out: out.view([64], 64) };
      recorder.dispatch(scale, { params, tensors, workgroups: [1] });
    },
    RangeError,
    "share the buffer",
  );
  const inp = out;
  assertThrows(
    () => recorder.dispatch(scale, { params, tensors: { inp, out }, workgroups: [1 << 20] }),
    RangeError,
  );
  gpu.destroy();
});

Deno.test("a validation error surfaces at the next wait", async () => {
  const gpu = await requestGpu();
  const arena = new Arena();
  const out = arena.tensor("test", "out", [4]);
  arena.allocate(gpu);
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(out.buffer, 0, out.buffer, 4096, 16);
  gpu.device.queue.submit([encoder.finish()]);
  await assertRejects(() => readTensor(gpu, out), GpuValidationError);
  gpu.destroy();
});

Deno.test("a plan past the adapter's limit is refused by name", async () => {
  const gpu = await requestGpu();
  const arena = new Arena();
  arena.tensor("activations", "huge", [gpu.limits.maxStorageBufferBindingSize / 4 + 4]);
  assertThrows(() => arena.allocate(gpu), GpuMemoryError, "huge needs");
  gpu.destroy();
});

Deno.test("declarationProblems finds every kind of difference", () => {
  assertEquals(declarationProblems(scale), []);
  const label = "scale";
  const code = scale.code;
  const wrong = {
    label,
    code,
    params: { n: "u32", factor: "u32" },
    bindings: { out: "read_write", inp: "read" },
    overrides: ["TILE"],
  } as const;
  assertEquals(declarationProblems(wrong), [
    'binding declared "1 read_write out", WGSL has "1 read inp"',
    'binding declared "2 read inp", WGSL has "2 read_write out"',
    'Params field declared "factor:u32", WGSL has "factor:f32"',
    "override TILE is declared, WGSL has none of that name",
  ]);
});

Deno.test("spread covers any count within the limit per axis", () => {
  for (const count of [1, 65535, 65536, 200000, 4294836225]) {
    const [x, y] = spread(count);
    assertEquals(x * y >= count && x <= 65535 && y <= 65535, true);
  }
});
