/** Writes a corpus with several workers; what is written does not depend on how many. */

import { writeAll, writeAtomic } from "../lib/base/files.ts";
import type { WorkerReply } from "./block_worker.ts";
import { type Block, columns, planBlocks } from "./corpus.ts";
import { type DeflatedPiece, deflatePiece, gzipHeader, GzipTrailer } from "./gzip.ts";

export interface CorpusOptions {
  notes: number;
  seed: number;
  workers: number;
  /** Called after each block with the number of notes on disk. */
  onProgress?: (notes: number) => void;
}

export interface CorpusSize {
  notes: number;
  /** Bytes of CSV before compression. */
  csvBytes: number;
}

/** Blocks that may be ahead of the writer, per worker. */
const AHEAD = 3;

/** Writes `discharge.csv.gz` to `path`: whole or not at all. */
export async function writeCorpus(path: string, options: CorpusOptions): Promise<CorpusSize> {
  const size: CorpusSize = { notes: 0, csvBytes: 0 };
  await writeAtomic(path, async (file) => {
    const trailer = new GzipTrailer();
    const append = async (piece: DeflatedPiece) => {
      trailer.add(piece);
      size.csvBytes += piece.length;
      await writeAll(file, piece.bytes);
    };
    await writeAll(file, gzipHeader);
    await append(deflatePiece(new TextEncoder().encode(columns)));
    for await (const { block, piece } of deflatedBlocks(options)) {
      await append(piece);
      size.notes += block.notes;
      options.onProgress?.(size.notes);
    }
    await writeAll(file, trailer.bytes());
  });
  return size;
}

/** The blocks in order, each deflated by whichever worker was free. */
async function* deflatedBlocks(
  { notes, seed, workers }: CorpusOptions,
): AsyncGenerator<{ block: Block; piece: DeflatedPiece }> {
  const blocks = planBlocks(seed, notes);
  const pool = Array.from({ length: workers }, () => new BlockWorker());
  try {
    const queue: { block: Block; piece: Promise<DeflatedPiece> }[] = [];
    let sent = 0;
    for (;;) {
      while (queue.length < workers * AHEAD) {
        const next = blocks.next();
        if (next.done) break;
        const piece = pool[sent % workers].deflate(sent, next.value);
        piece.catch(() => {}); // reported when its turn comes
        queue.push({ block: next.value, piece });
        sent++;
      }
      const head = queue.shift();
      if (head === undefined) return;
      yield { block: head.block, piece: await head.piece };
    }
  } finally {
    for (const worker of pool) worker.terminate();
  }
}

class BlockWorker {
  readonly #worker = new Worker(new URL("./block_worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, PromiseWithResolvers<DeflatedPiece>>();

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
      if ("error" in data) return this.#fail(new Error(data.error));
      this.#waiting.get(data.index)!.resolve(data.piece);
      this.#waiting.delete(data.index);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(event.message));
    };
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  deflate(index: number, block: Block): Promise<DeflatedPiece> {
    const answer = Promise.withResolvers<DeflatedPiece>();
    this.#waiting.set(index, answer);
    this.#worker.postMessage({ index, block });
    return answer.promise;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}
