import { assertEquals, assertStringIncludes } from "@std/assert";
import { requestGpu } from "../../kernels/core/device.ts";

Deno.test("the portable device has no optional feature", async () => {
  const gpu = await requestGpu({ portable: true });
  const { subgroups, f16, timestamps } = gpu;
  assertEquals({ subgroups, f16, timestamps }, { subgroups: null, f16: false, timestamps: false });
  gpu.destroy();
});

Deno.test("without an adapter, one line says what to do", async () => {
  const module = new URL("../../kernels/mod.ts", import.meta.url).href;
  const code = `import { requestGpu } from ${JSON.stringify(module)};
    await requestGpu().catch((error) => console.log(error.name, error.message));`;
  const none = {
    VK_DRIVER_FILES: "/none",
    VK_ICD_FILENAMES: "/none",
    DENO_WEBGPU_BACKEND: "metal",
  };
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    env: Deno.build.os === "darwin" ? { ...none, DENO_WEBGPU_BACKEND: "vulkan" } : none,
  }).output();
  const text = new TextDecoder().decode(stdout).trim();
  assertStringIncludes(text, "GpuUnavailableError No WebGPU adapter");
  assertStringIncludes(text, "leave --gpu out to train on the CPU");
  assertEquals(text.split("\n").length, 1);
});
