/** Deals batches of notes to worker threads and collects what they found. */

import { buffersIn, ThreadPool } from "../lib/base/threads.ts";
import type { Batch, ScanOptions, ScanPart } from "./scan.ts";
import type { ScanMethods } from "./worker.ts";

/** Scans all `batches` on `threads` workers. `onScanned` hears of every batch that is done. */
export async function scanAll(
  batches: AsyncIterable<Batch>,
  options: ScanOptions,
  threads: number,
  onScanned: (notes: number) => void,
): Promise<ScanPart[]> {
  const module = new URL("./worker.ts", import.meta.url);
  using pool = new ThreadPool<ScanMethods>(module, threads, "scan the notes");
  await pool.all("start", [options]);
  const scanned = pool.map("scan", batches, { transfer: buffersIn });
  for await (const notes of scanned) onScanned(notes);
  return await pool.all("finish", []);
}
