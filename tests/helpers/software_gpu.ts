/**
 * A WebGPU adapter for machines without a graphics driver: SwiftShader, the software Vulkan that
 * Chromium ships, out of an npm package. Vulkan's loader reads its environment when a process
 * starts, so everything runs in a child.
 *
 *     deno task software-gpu train --gpu --preset micro
 */

import { inflate } from "@sparticuz/chromium";
import { dirname, fromFileUrl, join } from "@std/path";
import { exists } from "../../pipeline/lib/base/files.ts";

const VERSION = "153.0.0";

/** Environment under which a child process finds SwiftShader; unpacks it on first use. */
export async function swiftShaderEnvironment(): Promise<Record<string, string>> {
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") {
    throw new Error(
      `No software WebGPU adapter for ${os} ${arch} (only for linux x86_64); ` +
        "set NANO_MED_GPU=native to use this machine's own",
    );
  }
  const folder = join(cacheFolder(), "nano-med-gpt", `swiftshader-${VERSION}`);
  const manifest = join(folder, "absolute_icd.json");
  if (!(await exists(manifest))) await unpack(folder);
  return {
    VK_DRIVER_FILES: manifest,
    VK_ICD_FILENAMES: manifest,
    LD_LIBRARY_PATH: [folder, Deno.env.get("LD_LIBRARY_PATH")].filter(Boolean).join(":"),
    ...vulkanOnly(),
  };
}

/** Environment under which a child process finds Mesa's lavapipe; `null` if it is not installed. */
export async function lavapipeEnvironment(): Promise<Record<string, string> | null> {
  const folder = "/usr/share/vulkan/icd.d";
  if (!(await exists(folder))) return null;
  for await (const { name } of Deno.readDir(folder)) {
    if (!/^lvp_icd.*\.json$/.test(name)) continue;
    const manifest = join(folder, name);
    return { VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest, ...vulkanOnly() };
  }
  return null;
}

/**
 * Vulkan alone: wgpu otherwise loads OpenGL too, through EGL, and Mesa's EGL with LLVM behind it can
 * corrupt the heap while a process exits ("double free or corruption" after all tests have passed:
 * the main thread is in the libraries' destructors while a thread of Deno's pool ends). Seen in 3 of
 * 60 processes that only request adapters on a busy machine, and in none of 100 with Vulkan alone
 * (Deno 2.9.6, Mesa 22.3.6).
 *
 * The graphics stack complains on every start where XDG_RUNTIME_DIR is unset, as in containers.
 */
const vulkanOnly = () => ({
  NANO_MED_SOFTWARE_GPU: "1", // asked for, so that train --gpu does not refuse it
  DENO_WEBGPU_BACKEND: "vulkan",
  XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp",
});

function cacheFolder(): string {
  const home = Deno.env.get("HOME");
  return Deno.env.get("XDG_CACHE_HOME") ?? (home ? join(home, ".cache") : "/tmp");
}

async function unpack(folder: string): Promise<void> {
  await Deno.mkdir(dirname(folder), { recursive: true });
  const temporary = await Deno.makeTempDir({ dir: dirname(folder) });
  const archive = new URL("../bin/swiftshader.tar.br", import.meta.resolve("@sparticuz/chromium"));
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", temporary); // where the package unpacks to
  try {
    await inflate(fromFileUrl(archive));
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
  }
  const manifest = JSON.parse(await Deno.readTextFile(join(temporary, "vk_swiftshader_icd.json")));
  manifest.ICD.library_path = join(folder, "libvk_swiftshader.so");
  await Deno.writeTextFile(join(temporary, "absolute_icd.json"), JSON.stringify(manifest));
  try {
    await Deno.rename(temporary, folder);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }); // another process was faster
    if (!(await exists(join(folder, "absolute_icd.json")))) throw error;
  }
}

if (import.meta.main) {
  if (Deno.args.length === 0 || Deno.args[0] === "--help") {
    console.log(
      "Runs a task on a software WebGPU adapter (SwiftShader), for machines without a GPU.\n\n" +
        "Usage: deno task software-gpu TASK [flags of the task]",
    );
    Deno.exit(Deno.args.length === 0 ? 2 : 0);
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", ...Deno.args],
    env: await swiftShaderEnvironment(),
  }).spawn();
  Deno.addSignalListener("SIGINT", () => {}); // the child gets it too and decides
  Deno.exit((await child.status).code);
}
