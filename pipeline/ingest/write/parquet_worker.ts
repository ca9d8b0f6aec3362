/** The thread that packs the pages of notes.parquet and writes them while the main thread reads. */

import { ParquetFile } from "../parquet/file.ts";
import type { Column } from "../parquet/format.ts";

/** What the worker is told first: an empty file, and what will be in it. */
export interface WriterStart {
  path: string;
  columns: readonly Column[];
}

/** A page of one column; that these pages make up a row group; that all of them do the file. */
export type WriterMessage =
  | { column: number; page: Uint8Array; values: number }
  | { rowGroup: number }
  | "end";

/** A page in shared memory may be reused; the file is complete; or it could not be written. */
export type WriterReply = "taken" | "written" | { error: string };

/** The default types of `self` are a window's. */
interface Worker {
  onmessage(event: MessageEvent<WriterStart | WriterMessage>): void;
  postMessage(reply: WriterReply): void;
}
const worker = self as unknown as Worker;

let file: Deno.FsFile;
let parquet: ParquetFile;
let failed = false;

worker.onmessage = ({ data }) => {
  // No page is taken any more, so that the main thread stops as well instead of reading to the end.
  if (failed) return;
  try {
    obey(data);
  } catch (error) {
    failed = true;
    worker.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};

function obey(message: WriterStart | WriterMessage): void {
  if (message === "end") {
    parquet.end();
    file.close();
    worker.postMessage("written");
  } else if ("path" in message) {
    file = Deno.openSync(message.path, { write: true });
    parquet = new ParquetFile(file, message.columns);
  } else if ("rowGroup" in message) {
    parquet.endRowGroup(message.rowGroup);
  } else {
    parquet.addPage(message.column, message.page, message.values);
    if (message.page.buffer instanceof SharedArrayBuffer) worker.postMessage("taken");
  }
}
