/**
 * Where measured tilings are kept: in a file per adapter and version of the kernels, so that only
 * the first run on a machine measures, and in the run's config.json, so that a resumed run computes
 * exactly as before even if the file says otherwise by then.
 */

import { join } from "@std/path";
import {
  emptyTuning,
  type Gpu,
  type PlanOptions,
  tilingsOf,
  tune,
  type Tuning,
} from "../../kernels/mod.ts";
import { writeJson } from "../lib/base/files.ts";

/** Such as `~/.cache/nano-med-gpt/kernels`; null where the environment names no place. */
export function cacheFolder(): string | null {
  const home = Deno.env.get("HOME");
  const caches = Deno.env.get("XDG_CACHE_HOME") ?? Deno.env.get("LOCALAPPDATA") ??
    (home ? join(home, ".cache") : undefined);
  return caches ? join(caches, "nano-med-gpt", "kernels") : null;
}

/** Measures what neither the run nor the file knows, and puts all of it to use. */
export async function tuned(
  gpu: Gpu,
  options: PlanOptions,
  recorded: unknown,
  folder: string | null = cacheFolder(),
): Promise<Tuning> {
  const none = await emptyTuning(gpu);
  const path = folder && join(folder, `${fileName(gpu.name)}-${none.kernels}.json`);
  const cached = tilingsOf(gpu, none, path && await readOrNull(path));
  const ofRun = tilingsOf(gpu, none, recorded);
  const tilings = await tune(gpu, options, { ...cached, ...ofRun });
  const found = Object.keys(tilings).some((name) => !(name in cached) && !(name in ofRun));
  if (path && found) {
    // A place that cannot be written to costs a measurement per run, no more.
    await writeJson(path, { ...none, tilings: { ...tilings, ...cached } }).catch(() => {});
  }
  return { ...none, tilings };
}

const fileName = (adapter: string) =>
  adapter.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");

/** null as well for what is no JSON: a cache is only ever a saving. */
async function readOrNull(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    return null;
  }
}
