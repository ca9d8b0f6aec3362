/** The cores that count pre-tokens and encode notes. */

import { ThreadPool } from "../lib/base/threads.ts";
import type { NoteBatch } from "./note_batches.ts";
import type { TokenizeMethods } from "./worker.ts";

/** More encoders than this wait for the one reader. */
const MOST_WORKERS = 8;

export type WorkerPool = ThreadPool<TokenizeMethods>;

/** The caller ends the pool. */
export const startWorkers = (
  size: number = Math.min(MOST_WORKERS, navigator.hardwareConcurrency),
): WorkerPool => new ThreadPool(new URL("./worker.ts", import.meta.url), size, "tokenize");

/** What of a batch is moved to its worker. */
export const bytesOf = ({ bytes }: NoteBatch): Transferable[] => [bytes.buffer];
