/** A thread that scans batches of notes: `start`, then `scan` for each batch, then `finish`. */

import { answerCalls, handOver } from "../lib/base/threads.ts";
import { type Batch, Scan, type ScanOptions } from "./scan.ts";

let scan: Scan;

const methods = {
  start(options: ScanOptions): void {
    scan = new Scan(options);
  },
  /** Returns how many notes the batch has. */
  scan(batch: Batch): number {
    scan.add(batch);
    return batch.ends.length;
  },
  /** Everything found: a gigabyte on a large corpus, handed over instead of copied. */
  finish: () => handOver(scan.part()),
};

export type ScanMethods = typeof methods;

answerCalls(methods);
