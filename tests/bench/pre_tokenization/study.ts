/**
 * What a pre-tokenization is worth: tokens per note, and bits per character under a language model.
 *
 * The model is an interpolated modified Kneser-Ney n-gram over the tokens: it learns in a second
 * and has no seed, so that small differences between patterns are not noise of training.
 */

import { DuckDBInstance } from "@duckdb/node-api";
import type { Split } from "../../../pipeline/artifacts.ts";
import { NgramCounts } from "../../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { BpeEncoder } from "../../../pipeline/tokenize/bpe_encoder.ts";
import { trainBpe } from "../../../pipeline/tokenize/bpe_trainer.ts";
import { WordCounts } from "../../../pipeline/tokenize/word_counts.ts";

/** Long enough to see about twenty characters back with the shortest tokens of the study. */
const ORDER = 6;

export interface StudyResult {
  /** Less than asked for if the notes hold too few frequent pairs. */
  vocabSize: number;
  tokensPerNote: number;
  charactersPerToken: number;
  bitsPerCharacter: number;
}

export type Texts = Record<Split, string[]>;

export async function readTexts(path: string): Promise<Texts> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = await connection.runAndReadAll(`SELECT split, text FROM '${path}'`);
  const texts: Texts = { train: [], val: [], test: [] };
  for (const [split, text] of rows.getRows()) texts[split as Split].push(String(text));
  connection.closeSync();
  instance.closeSync();
  return texts;
}

/** Trains BPE with `pattern` on the training notes and measures on the validation notes. */
export function study(texts: Texts, pattern: RegExp, vocabSize: number): StudyResult {
  const words = new WordCounts();
  const utf8 = new TextEncoder();
  for (const text of texts.train) {
    for (const word of text.match(pattern) ?? []) {
      const bytes = utf8.encode(word);
      words.add(bytes, 0, bytes.length, 1);
    }
  }
  const vocabulary = trainBpe(words.words, words.counts, { vocabSize, minFrequency: 2 });
  const encoder = new BpeEncoder(vocabulary);
  const cache = new Map<string, Uint16Array>();
  const encode = (text: string) => {
    const ids = [0];
    for (const word of text.match(pattern) ?? []) {
      let tokens = cache.get(word);
      if (tokens === undefined) cache.set(word, tokens = encoder.encodeWord(utf8.encode(word)));
      ids.push(...tokens);
    }
    return ids;
  };
  const counts = new NgramCounts(ORDER);
  texts.train.forEach((text, patient) => counts.addSequence(encode(text), patient));
  const model = new KneserNey(counts, vocabulary.tokens.length);
  let bits = 0, tokens = 0, characters = 0;
  for (const text of texts.val) {
    const ids = encode(text);
    tokens += ids.length;
    characters += [...text].length;
    bits += model.bits(ids).reduce((sum, value) => sum + value, 0);
  }
  return {
    vocabSize: vocabulary.tokens.length,
    tokensPerNote: tokens / texts.val.length,
    charactersPerToken: characters / tokens,
    bitsPerCharacter: bits / characters,
  };
}
