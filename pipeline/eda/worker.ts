/** A thread that scans batches of notes. Messages: options, then batches, then "finish". */

import { type Batch, Scan, type ScanOptions, type ScanPart } from "./scan.ts";

type Message = { start: ScanOptions } | { batch: Batch } | { finish: true };

/** The default types of `self` are a window's. */
interface Port {
  onmessage(event: MessageEvent<Message>): void;
  postMessage(reply: Reply, transfer?: Transferable[]): void;
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
  } else {
    const part = scan.part();
    port.postMessage({ part }, buffersIn(part));
  }
};

/** The buffers of all arrays in `value`: handed over instead of copied, a gigabyte on a large corpus. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null || value instanceof Map) return [];
  return Object.values(value).flatMap(buffersIn);
}
