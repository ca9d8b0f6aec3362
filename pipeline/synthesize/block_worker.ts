/** A worker thread: blocks in, deflated CSV out. */

/// <reference lib="deno.worker" />
import { type Block, blockRows, csvRecord } from "./corpus.ts";
import { type DeflatedPiece, deflatePiece } from "./gzip.ts";
import { loadKnowledge } from "./knowledge.ts";

export type WorkerReply = { index: number; piece: DeflatedPiece } | { error: string };

const knowledge = loadKnowledge();
const encoder = new TextEncoder();

self.onmessage = async ({ data }: MessageEvent<{ index: number; block: Block }>) => {
  try {
    let text = "";
    for (const row of blockRows(await knowledge, data.block)) text += csvRecord(row);
    const piece = deflatePiece(encoder.encode(text));
    self.postMessage({ index: data.index, piece } satisfies WorkerReply);
  } catch (error) {
    self.postMessage({ error: (error as Error).message } satisfies WorkerReply);
  }
};
