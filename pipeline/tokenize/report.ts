/** tokens.json: what the tokenization is like, in numbers that later stages and people need. */

import { createHash } from "node:crypto";
import { type Split, splits, TOKEN_HEADER_BYTES } from "../artifacts.ts";
import { toByteLevel } from "../decode/byte_level.ts";
import type { Tokenizer } from "../decode/types.ts";
import type { Fingerprint } from "./staging.ts";
import type { SplitCounts } from "./worker.ts";

export interface SplitReport extends SplitCounts {
  tokensPerNote: number;
  charactersPerToken: number;
  /** Tokens per word: 1 would be a token for every word. */
  fertility: number;
}

export interface TokensReport {
  kind: string;
  vocabSize: number;
  /** What was asked for: more than `vocabSize` if the notes hold too few frequent pairs. */
  requestedVocabSize: number;
  /** Characters are Unicode code points, bytes are UTF-8, words are runs of non-white-space. */
  splits: Record<Split, SplitReport>;
  /** Tokens of the vocabulary that do not occur in train.bin; the bytes among them are expected. */
  unused: { count: number; bytes: number; tokens: string[] };
  longest: { token: number; text: string; characters: number; count: number }[];
  mostFrequent: { token: number; text: string; count: number }[];
  notesSha256: string;
  tokenizerSha256: string;
  fingerprint: Fingerprint;
}

export interface ReportInput {
  fingerprint: Fingerprint;
  tokenizer: Tokenizer;
  tokenizerSha256: string;
  splits: Record<Split, SplitCounts>;
  /** Occurrences of each token in train.bin. */
  usage: Float64Array;
}

const SHOWN = 30;

export function tokensReport(input: ReportInput): TokensReport {
  const { fingerprint, tokenizer, usage } = input;
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, token) => ({
    token,
    text: tokenText(tokenizer, token),
    characters: [...tokenizer.decode([token])].length,
    count: usage[token],
  }));
  const unused = tokens.filter(({ count }) => count === 0);
  return {
    kind: fingerprint.kind,
    vocabSize: tokenizer.vocabSize,
    requestedVocabSize: fingerprint.vocabSize,
    splits: Object.fromEntries(
      splits.map((split) => [split, splitReport(input.splits[split])]),
    ) as Record<Split, SplitReport>,
    unused: {
      count: unused.length,
      bytes: unused.filter(({ token }) => tokenizer.tokenBytes(token).length === 1).length,
      tokens: unused.filter(({ token }) => tokenizer.tokenBytes(token).length > 1)
        .slice(0, SHOWN).map(({ text }) => text),
    },
    longest: tokens.toSorted((a, b) => b.characters - a.characters || a.token - b.token)
      .slice(0, SHOWN),
    mostFrequent: tokens.toSorted((a, b) => b.count - a.count || a.token - b.token)
      .slice(0, SHOWN).map(({ token, text, count }) => ({ token, text, count })),
    notesSha256: fingerprint.notesSha256,
    tokenizerSha256: input.tokenizerSha256,
    fingerprint,
  };
}

/** A token as people can read it: its text, or byte-level where it is no whole UTF-8. */
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

/** SHA-256 of a file, in hexadecimal. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}
