/**
 * One core's share of the work: counting pre-tokens for training, or encoding notes. Requests are
 * answered in the order in which they come.
 */

import { type SplitCounts, splits } from "../artifacts.ts";
import { answerCalls, handOver } from "../lib/base/threads.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { BpeEncoder } from "./bpe_encoder.ts";
import { CharEncoder } from "./char_encoder.ts";
import { LibraryEncoder } from "./library_encoder.ts";
import type { NoteBatch } from "./note_batches.ts";
import { preTokenEnd } from "./pre_tokenizer.ts";
import { END_OF_TEXT_ID, type Vocabulary } from "./vocabulary.ts";
import { WordCounts } from "./word_counts.ts";
import { grown } from "../lib/base/word_table.ts";

/** The notes of one split in a batch. Every note's tokens start with the end-of-text token. */
export interface EncodedPart {
  tokens: Uint16Array<ArrayBuffer>;
  counts: SplitCounts;
}

/** `library`: a tokenizer.json that is not of our making. */
export type Encoding =
  | { kind: "characters" }
  | { kind: "merges"; vocabulary: Vocabulary }
  | { kind: "library"; json: unknown };

let counts = new WordCounts();
let scratch = new Uint16Array();
let encoder: BpeEncoder | CharEncoder | LibraryEncoder | undefined;
let endOfText = END_OF_TEXT_ID;

const methods = {
  /** Counts the pre-tokens of a batch and remembers them; returns how many notes it has. */
  count({ bytes, ends }: NoteBatch): number {
    for (let note = 0, start = 0; note < ends.length; note++) {
      while (start < ends[note]) {
        const end = preTokenEnd(bytes, start, ends[note]);
        counts.add(bytes, start, end, 1);
        start = end;
      }
    }
    return ends.length;
  },

  /** The counts of all batches so far, which the worker then forgets. */
  takeCounts() {
    const packed = counts.pack();
    counts = new WordCounts();
    return handOver(packed);
  },

  /** What `encode` is to encode with. */
  load(encoding: Encoding): void {
    if (encoding.kind === "characters") encoder = new CharEncoder();
    else if (encoding.kind === "merges") encoder = new BpeEncoder(encoding.vocabulary);
    else {
      const tokenizer = createTokenizer(encoding.json);
      encoder = new LibraryEncoder(tokenizer);
      endOfText = tokenizer.endOfText;
    }
  },

  /** One part per split, in the order of `splits`. */
  encode(batch: NoteBatch) {
    const parts = splits.map((_, split) => encodePart(batch, split));
    return handOver({ notes: batch.ends.length, parts });
  },
};

export type TokenizeMethods = typeof methods;

function encodePart({ bytes, ends, splits }: NoteBatch, split: number): EncodedPart {
  const sums: SplitCounts = { notes: 0, tokens: 0, characters: 0, bytes: 0, words: 0 };
  for (let note = 0, start = 0; note < ends.length; start = ends[note++]) {
    if (splits[note] !== split) continue;
    sums.notes++;
    sums.bytes += ends[note] - start;
    countText(bytes, start, ends[note], sums);
  }
  // A note has at most as many tokens as bytes, and one more for its start.
  const tokens = scratch = grown(scratch, sums.bytes + sums.notes);
  for (let note = 0, start = 0; note < ends.length; start = ends[note++]) {
    if (splits[note] !== split) continue;
    tokens[sums.tokens++] = endOfText;
    sums.tokens = encoder!.encode(bytes, start, ends[note], tokens, sums.tokens);
  }
  return { tokens: tokens.slice(0, sums.tokens), counts: sums };
}

function countText(bytes: Uint8Array, start: number, end: number, sums: SplitCounts): void {
  let inWord = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if ((byte & 0xc0) !== 0x80) sums.characters++;
    const isWord = byte > 0x20 || byte < 0x09 || (byte > 0x0d && byte < 0x20) ? 1 : 0;
    sums.words += isWord & ~inWord;
    inWord = isWord;
  }
}

answerCalls(methods);
