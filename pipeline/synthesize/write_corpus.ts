/** Writes a corpus with several workers; what is written does not depend on how many. */

import { writeAll, writeAtomic } from "../lib/base/files.ts";
import { ThreadPool } from "../lib/base/threads.ts";
import type { BlockMethods } from "./block_worker.ts";
import { columns, planBlocks } from "./corpus.ts";
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

const WORKER = new URL("./block_worker.ts", import.meta.url);

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
    using pool = new ThreadPool<BlockMethods>(WORKER, options.workers, "write the corpus");
    const blocks = planBlocks(options.seed, options.notes);
    for await (const { notes, piece } of pool.map("deflate", blocks, { depth: AHEAD })) {
      await append(piece);
      size.notes += notes;
      options.onProgress?.(size.notes);
    }
    await writeAll(file, trailer.bytes());
  });
  return size;
}
