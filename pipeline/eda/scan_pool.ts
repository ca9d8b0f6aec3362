/** Deals batches of notes to worker threads and collects what they found. */

import type { Batch, ScanOptions, ScanPart } from "./scan.ts";
import type { Reply } from "./worker.ts";

/** Batches in flight for each worker: one being scanned, one waiting. */
const DEPTH = 2;

/** Scans all `batches` on `threads` workers. `onScanned` hears of every batch that is done. */
export async function scanAll(
  batches: AsyncIterable<Batch>,
  options: ScanOptions,
  threads: number,
  onScanned: (notes: number) => void,
): Promise<ScanPart[]> {
  const workers = Array.from({ length: threads }, () => new ScanWorker(options, onScanned));
  try {
    for await (const batch of batches) {
      const free = workers.find((worker) => worker.pending < DEPTH) ??
        await Promise.race(workers.map((worker) => worker.ready()));
      free.send(batch);
    }
    return await Promise.all(workers.map((worker) => worker.finish()));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

class ScanWorker {
  pending = 0;
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #result = Promise.withResolvers<ScanPart>();
  #ready = Promise.withResolvers<this>();

  constructor(options: ScanOptions, onScanned: (notes: number) => void) {
    this.#worker.postMessage({ start: options });
    this.#result.promise.catch(() => {}); // Reported by finish() or ready(), whichever is awaited.
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      if ("part" in data) {
        this.#worker.terminate(); // Its memory is wanted for merging.
        return this.#result.resolve(data.part);
      }
      this.pending--;
      onScanned(data.scanned);
      this.#ready.resolve(this);
      this.#ready = Promise.withResolvers();
    });
    this.#worker.addEventListener("error", (event: ErrorEvent) => {
      event.preventDefault();
      const error = new Error(`Cannot scan the notes: ${event.message}`);
      this.#result.reject(error);
      this.#ready.reject(error);
    });
  }

  /** Resolves when a batch in flight is done. */
  ready(): Promise<this> {
    return this.#ready.promise;
  }

  send(batch: Batch): void {
    this.pending++;
    this.#worker.postMessage({ batch }, [batch.bytes.buffer, batch.ends.buffer]);
  }

  finish(): Promise<ScanPart> {
    this.#worker.postMessage({ finish: true });
    return this.#result.promise;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}
