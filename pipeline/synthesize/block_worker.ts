/** A worker thread: blocks in, deflated CSV out. */

import { answerCalls } from "../lib/base/threads.ts";
import { type Block, blockRows, csvRecord } from "./corpus.ts";
import { deflatePiece } from "./gzip.ts";
import { loadKnowledge } from "./knowledge.ts";

const knowledge = loadKnowledge();
const encoder = new TextEncoder();

const methods = {
  async deflate(block: Block) {
    let text = "";
    for (const row of blockRows(await knowledge, block)) text += csvRecord(row);
    return { notes: block.notes, piece: deflatePiece(encoder.encode(text)) };
  },
};

export type BlockMethods = typeof methods;

answerCalls(methods);
