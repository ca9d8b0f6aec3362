/** What Hugging Face `tokenizers` did: tests/oracle/tokenizer_fixture.py. */

import fixture from "../fixtures/tokenizer.json" with { type: "json" };
import { preTokenEnd } from "../../pipeline/tokenize/pre_tokenizer.ts";
import { WordCounts } from "../../pipeline/tokenize/word_counts.ts";

export const huggingFace = fixture as unknown as {
  pattern: string;
  vocab_size: number;
  corpus: string[];
  vocab: string[];
  merges: [string, string][];
  /** Text, ids by the BPE learned, ids by `--kind char`. */
  encoded: [string, number[], number[]][];
};

/** The pre-tokens of `texts`, counted. */
export function countWords(texts: Iterable<string>): WordCounts {
  const words = new WordCounts();
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    for (let start = 0, end; start < bytes.length; start = end) {
      end = preTokenEnd(bytes, start, bytes.length);
      words.add(bytes, start, end, 1);
    }
  }
  return words;
}
