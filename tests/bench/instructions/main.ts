/**
 * `deno task bench instructions`: what a GPU's compiler makes of every kernel, on a machine without a
 * GPU. Mesa's RADV can compile for AMD GPUs that are not there; null_radv.c lends it what wgpu asks
 * of a device besides. Registers, spills, waves and the share of multiply-adds in the busiest loop
 * tell whether a kernel can be fast. How fast it is, only a GPU tells.
 */

import { fromFileUrl, join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { exists, writeJson } from "../../../pipeline/lib/base/files.ts";
import { defineTask } from "../../../pipeline/lib/base/cli.ts";
import { type PresetName, presets } from "../../../pipeline/lib/gpt/config.ts";
import type { CompileJob } from "./compile.ts";
import { type CompiledKernel, readKernels, usefulShare } from "./disassembly.ts";

export const task = defineTask({
  name: "bench instructions",
  summary: "Compiles every kernel for an AMD GPU (none needed) and reads the instructions.",
  flags: {
    preset: { type: "string", default: "nano", choices: Object.keys(presets), help: "the shapes" },
    "vocab-size": { type: "integer", default: 4096, min: 2, help: "tokens of vocabulary" },
    batch: { type: "integer", default: 8, min: 1, help: "sequences" },
    precision: { type: "string", default: "f32", choices: ["f32", "f16"], help: "of products" },
    gpu: {
      type: "string",
      default: "navi21",
      placeholder: "FAMILY",
      help: "as RADV_FORCE_FAMILY names it: vega10, navi21, gfx1100",
    },
    only: { type: "string", default: ".", placeholder: "REGEXP", help: "operations to compile" },
    text: { type: "boolean", help: "print the driver's own output, disassembly and all" },
  },
  examples: ["deno task bench instructions --gpu vega10 --only 'matmul nn'"],
  async run({ data, preset, vocabSize, batch, precision, gpu, only, text }) {
    const folder = await Deno.makeTempDir({ prefix: "bench_instructions_" });
    try {
      const environment = await nullHardware(folder, gpu);
      const job = { preset: preset as PresetName, vocabSize, batch, precision, only } as CompileJob;
      const output = await compileAll(job, environment);
      if (text) return console.log(output);
      const kernels = readKernels(output);
      console.log(table(kernels));
      const out = join(workspace(data).root, "reports", "bench", `instructions-${gpu}.json`);
      await writeJson(out, { gpu, deno: Deno.version.deno, ...job, kernels });
      console.log(`\nWritten to ${out}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Environment under which Vulkan finds RADV on a GPU of this family. */
async function nullHardware(folder: string, family: string): Promise<Record<string, string>> {
  const library = await radvLibrary();
  const driver = join(folder, "libnull_radv.so"), manifest = join(folder, "null_radv.json");
  const source = fromFileUrl(new URL("./null_radv.c", import.meta.url));
  await run("cc", ["-O1", "-shared", "-fPIC", "-o", driver, source, "-ldl"]);
  const ICD = { library_path: driver, api_version: "1.3.0" };
  await Deno.writeTextFile(manifest, JSON.stringify({ file_format_version: "1.0.0", ICD }));
  return {
    VK_DRIVER_FILES: manifest,
    VK_ICD_FILENAMES: manifest,
    RADV_LIBRARY: library,
    RADV_FORCE_FAMILY: family,
    RADV_DEBUG: "shaders,shaderstats,nocache",
    XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp",
  };
}

const NEEDS = "this bench needs Linux, a C compiler, Vulkan's headers and Mesa's RADV " +
  "(Debian: gcc libvulkan-dev mesa-vulkan-drivers)";

async function radvLibrary(): Promise<string> {
  const folders = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
  ];
  for (const folder of folders) {
    const path = join(folder, "libvulkan_radeon.so");
    if (await exists(path)) return path;
  }
  throw new Error(`No libvulkan_radeon.so in ${folders.join(", ")}; ${NEEDS}`);
}

async function compileAll(job: CompileJob, env: Record<string, string>): Promise<string> {
  const child = fromFileUrl(new URL("./compile.ts", import.meta.url));
  return await run(Deno.execPath(), ["run", "-A", child, JSON.stringify(job)], env);
}

/** What the command printed to standard error. */
async function run(command: string, args: string[], env: Record<string, string> = {}) {
  const child = new Deno.Command(command, { args, env: { ...env, NO_COLOR: "1" } });
  const { code, stderr } = await child.output().catch((error) => {
    throw new Error(`Cannot run ${command} (${error.message}); ${NEEDS}`);
  });
  const said = new TextDecoder().decode(stderr);
  if (code === 0) return said;
  const why = said.split("\n").find((line) => /error/i.test(line)) ?? `it ended with ${code}`;
  throw new Error(`Cannot compile with ${command}: ${why.trim()}; ${NEEDS}`);
}

function table(kernels: readonly CompiledKernel[]): string {
  const head = ["kernel", "registers", "spilled", "waves", "workgroup B", "instructions", "loop"];
  const rows = kernels.map(({ kernel, loop, ...of }) => [
    kernel,
    ...[of.registers, of.spilled, of.waves, of.workgroupBytes, of.instructions].map(String),
    loop === undefined
      ? "–"
      : `${loop.multiplyAdds} multiply-adds, ${
        (100 * usefulShare(loop)).toFixed(0)
      }% of its time; ` +
        `${loop.workgroupAccesses} workgroup, ${loop.memoryAccesses} memory`,
  ]);
  const width = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  return [head, ...rows].map((row) =>
    row.map((cell, i) =>
      i === 0 || i === row.length - 1 ? cell.padEnd(width[i]) : cell.padStart(width[i])
    )
      .join("  ").trimEnd()
  ).join("\n");
}
