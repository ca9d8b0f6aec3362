/** tokens.json: what the tokenization is like, in numbers that later stages and people need. */

import {
  type Split,
  type SplitCounts,
  type SplitReport,
  splits,
  TOKEN_HEADER_BYTES,
  type TokenReport,
  type TokensReport,
} from "../artifacts.ts";
import type { Lineage } from "../artifacts/lineage.ts";
import { toByteLevel } from "../lib/gpt/decode/byte_level.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import type { Fingerprint } from "./staging.ts";

export interface ReportInput {
  fingerprint: Fingerprint;
  tokenizer: Tokenizer;
  lineage: Lineage;
  splits: Record<Split, SplitCounts>;
  /** Occurrences of each token in train.bin. */
  usage: Float64Array;
  public?: TokensReport["public"];
}

/** Tokens listed of each sort. */
const SHOWN = 30;

export function tokensReport(input: ReportInput): TokensReport {
  const { fingerprint, tokenizer, usage } = input;
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, token): TokenReport => ({
    token,
    text: tokenText(tokenizer, token),
    characters: [...tokenizer.decode([token])].length,
    count: usage[token],
  }));
  const first = (order: (a: TokenReport, b: TokenReport) => number) =>
    tokens.toSorted((a, b) => order(a, b) || a.token - b.token).slice(0, SHOWN);
  const unused = tokens.filter(({ count }) => count === 0);
  const longerThanByte = unused.filter(({ token }) => tokenizer.tokenBytes(token).length > 1);
  return {
    version: 2,
    lineage: input.lineage,
    kind: fingerprint.kind,
    vocabSize: tokenizer.vocabSize,
    requestedVocabSize: fingerprint.vocabSize,
    splits: Object.fromEntries(
      splits.map((split) => [split, splitReport(input.splits[split])]),
    ) as Record<Split, SplitReport>,
    ...(input.public ? { public: input.public } : {}),
    unused: {
      count: unused.length,
      bytes: unused.length - longerThanByte.length,
      tokens: longerThanByte.slice(0, SHOWN),
    },
    longest: first((a, b) => b.characters - a.characters),
    mostFrequent: first((a, b) => b.count - a.count),
  };
}

/** The text of a token, or its byte-level form where it is no whole UTF-8. */
function tokenText(tokenizer: Tokenizer, token: number): string {
  if (token === tokenizer.endOfText) return "<|endoftext|>";
  const text = tokenizer.decode([token]);
  return text.includes("\ufffd") ? toByteLevel(tokenizer.tokenBytes(token)) : text;
}

function splitReport(counts: SplitCounts): SplitReport {
  const ratio = (a: number, b: number) => b === 0 ? 0 : a / b;
  return {
    ...counts,
    tokensPerNote: ratio(counts.tokens, counts.notes),
    charactersPerToken: ratio(counts.characters, counts.tokens),
    fertility: ratio(counts.tokens, counts.words),
  };
}

/** How often each of `vocabSize` tokens occurs in a token file. */
export async function tokenUsage(path: string, vocabSize: number): Promise<Float64Array> {
  const usage = new Float64Array(vocabSize);
  // In pieces of a megabyte: a token file may be larger than memory.
  const piece = new Uint16Array(1 << 19);
  const bytes = new Uint8Array(piece.buffer);
  using file = await Deno.open(path);
  await file.seek(TOKEN_HEADER_BYTES, Deno.SeekMode.Start);
  for (let filled = 0;;) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) return usage;
    filled += read;
    const whole = filled >> 1;
    for (let i = 0; i < whole; i++) usage[piece[i]]++;
    bytes.copyWithin(0, 2 * whole, filled);
    filled -= 2 * whole;
  }
}
