/** A thread that scans batches of notes. Messages: options, then batches, then "finish". */

import { type Batch, Scan, type ScanOptions, type ScanPart } from "./scan.ts";

type Message = { start: ScanOptions } | { batch: Batch } | { finish: true };

/** The default types of `self` are a window's. */
interface Port {
  onmessage(event: MessageEvent<Message>): void;
  postMessage(reply: Reply): void;
}

/** What a worker answers: that a batch is done, or, at the end, everything it found. */
export type Reply = { scanned: number } | { part: ScanPart };

const port = self as unknown as Port;
let scan: Scan;

port.onmessage = ({ data }) => {
  if ("start" in data) scan = new Scan(data.start);
  else if ("batch" in data) {
    scan.add(data.batch);
    port.postMessage({ scanned: data.batch.ends.length });
  } else port.postMessage({ part: scan.part() });
};
