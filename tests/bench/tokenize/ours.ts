/** Our side of the comparison, on notes that lie in memory. */

import { Tokenizer } from "@huggingface/tokenizers";
import { createHash } from "node:crypto";
import { BpeEncoder } from "../../../pipeline/tokenize/bpe_encoder.ts";
import { trainBpe } from "../../../pipeline/tokenize/bpe_trainer.ts";
import { type NoteBatch, readNoteBatches } from "../../../pipeline/tokenize/note_batches.ts";
import type { TokenizerJson } from "../../../pipeline/tokenize/tokenizer_json.ts";
import type { Vocabulary } from "../../../pipeline/tokenize/vocabulary.ts";
import { WordCounts } from "../../../pipeline/tokenize/word_counts.ts";
import type { WorkerPool } from "../../../pipeline/tokenize/worker_pool.ts";

/** The first notes of `path`, about `limit` bytes of them. */
export async function loadNotes(path: string, limit: number): Promise<NoteBatch[]> {
  const batches: NoteBatch[] = [];
  for await (const batch of readNoteBatches(path)) {
    batches.push(batch);
    if ((limit -= batch.bytes.length) <= 0) break;
  }
  return batches;
}

export function* noteTexts({ bytes, ends }: NoteBatch): Generator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let note = 0, start = 0; note < ends.length; start = ends[note++]) {
    yield decoder.decode(bytes.subarray(start, ends[note]));
  }
}

/** Learns merges as `deno task tokenize` does: counted by the workers, merged here. */
export async function learn(
  pool: WorkerPool,
  batches: readonly NoteBatch[],
  vocabSize: number,
): Promise<Vocabulary> {
  // Copies, since a worker takes what it is given.
  const copies = async function* () {
    for (const batch of batches) yield { ...batch, bytes: batch.bytes.slice() };
  };
  for await (const _ of pool.map("count", copies()));
  const words = new WordCounts();
  for (const counts of await pool.all("takeCounts", [])) words.addAll(counts);
  return trainBpe(words.words, words.counts, { vocabSize, minFrequency: 2 });
}

/** Encodes all notes with an encoder that has seen none before; `use` gets the ids of each batch. */
export function encode(
  vocabulary: Vocabulary,
  batches: readonly NoteBatch[],
  use?: (ids: Uint16Array) => void,
): void {
  const encoder = new BpeEncoder(vocabulary);
  let out = new Uint16Array();
  for (const { bytes, ends } of batches) {
    if (out.length < bytes.length) out = new Uint16Array(bytes.length);
    let at = 0;
    for (let note = 0, start = 0; note < ends.length; start = ends[note++]) {
      at = encoder.encode(bytes, start, ends[note], out, at);
    }
    use?.(out.subarray(0, at));
  }
}

/** SHA-256 of all ids as uint16. */
export function hashIds(vocabulary: Vocabulary, batches: readonly NoteBatch[]): string {
  const hash = createHash("sha256");
  encode(vocabulary, batches, (ids) => hash.update(ids));
  return hash.digest("hex");
}

/** Encodes with `@huggingface/tokenizers`, the one that prompts go through. */
export function encodeInJavaScript(json: TokenizerJson, texts: readonly string[]): number {
  const tokenizer = new Tokenizer(json, {});
  return texts.reduce((tokens, text) => tokens + tokenizer.encode(text).ids.length, 0);
}
