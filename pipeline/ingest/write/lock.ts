/** One ingest at a time in a workspace. */

import { dirname, join } from "@std/path";
import type { Workspace } from "../../artifacts.ts";
import { ArtifactError } from "../../lib/base/files.ts";

/**
 * Takes the workspace's notes for this process until disposed, and clears away what a killed one
 * left half-written. Throws an `ArtifactError` if another process ingests into it.
 */
export async function lockInterim(paths: Workspace): Promise<Disposable> {
  const folder = dirname(paths.notes);
  await Deno.mkdir(folder, { recursive: true });
  const file = await Deno.open(join(folder, "ingest.lock"), { create: true, write: true });
  if (await file.tryLock(true)) {
    for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
      const leftover = /^(?:notes\.parquet|rejects\.jsonl|ingest\.json|standard_input)\..*\.tmp$/;
      if (leftover.test(name)) await Deno.remove(join(folder, name), { recursive: true });
    }
    return { [Symbol.dispose]: () => file.close() };
  }
  file.close();
  throw new ArtifactError(
    `Cannot ingest into ${paths.root}: another ingest is at work there; wait for it or use --data DIR`,
  );
}
