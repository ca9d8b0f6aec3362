// A tokenizer and a language model small enough to reason about by hand.

import type { NextTokenModel, Tokenizer } from "../../pipeline/lib/gpt/decode/types.ts";

const utf8 = new TextEncoder();

/**
 * All 256 bytes, then `pieces`, then the end-of-text token. Encodes each run of letters, digits,
 * white space or others (with one space before it) by the longest piece that fits, left to right.
 */
export function pieceTokenizer(pieces: string[]): Tokenizer {
  const bytes = [
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    ...pieces.map((piece) => utf8.encode(piece)),
    new Uint8Array(),
  ];
  const endOfText = bytes.length - 1;
  const idOf = new Map(pieces.map((piece, index) => [piece, 256 + index]));
  const byLength = [...pieces].sort((a, b) => b.length - a.length);
  const encodeRun = (run: string): number[] => {
    const tokens: number[] = [];
    for (let at = 0; at < run.length;) {
      const piece = byLength.find((candidate) => run.startsWith(candidate, at));
      const length = piece === undefined ? String.fromCodePoint(run.codePointAt(at)!).length : 0;
      if (piece === undefined) tokens.push(...utf8.encode(run.slice(at, at + length)));
      else tokens.push(idOf.get(piece)!);
      at += piece?.length ?? length;
    }
    return tokens;
  };
  return {
    vocabSize: bytes.length,
    endOfText,
    encode: (text) =>
      (text.match(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu) ?? []).flatMap(encodeRun),
    decode: (tokens) =>
      new TextDecoder().decode(Uint8Array.from(tokens.flatMap((token) => [...bytes[token]]))),
    tokenBytes: (token) => bytes[token],
  };
}

/** A model whose next-token weights are `weigh(tokens so far)`; tokens not named get 1e-6. */
export function modelOf(
  tokenizer: Tokenizer,
  weigh: (tokens: readonly number[]) => Map<number, number>,
  contextLength = 64,
): NextTokenModel<readonly number[]> & { fed: number[] } {
  const fed: number[] = [];
  return {
    fed,
    vocabSize: tokenizer.vocabSize,
    contextLength,
    feed(tokens, state = []) {
      const all = [...state, ...tokens];
      if (tokens.length === 0 || all.length > contextLength) {
        return Promise.reject(
          new RangeError(`Cannot feed ${tokens.length} tokens after ${state.length}`),
        );
      }
      fed.push(tokens.length);
      const weights = weigh(all);
      const logits = Float32Array.from(
        { length: tokenizer.vocabSize },
        (_, token) => Math.log(weights.get(token) ?? 1e-6),
      );
      return Promise.resolve({ logits, state: all });
    },
  };
}

/**
 * A model that knows `documents` by heart: what follows is weighed by how often it followed the
 * longest suffix of the context that occurs in them.
 */
export function corpusModel(tokenizer: Tokenizer, documents: string[], contextLength = 64) {
  const corpus = documents.flatMap((text) => [tokenizer.endOfText, ...tokenizer.encode(text)]);
  corpus.push(tokenizer.endOfText);
  return modelOf(tokenizer, (tokens) => {
    for (let length = Math.min(12, tokens.length); length >= 0; length--) {
      const suffix = tokens.slice(tokens.length - length);
      const counts = new Map<number, number>();
      for (let at = length; at < corpus.length; at++) {
        if (!suffix.every((token, i) => corpus[at - length + i] === token)) continue;
        counts.set(corpus[at], (counts.get(corpus[at]) ?? 0) + 1);
      }
      if (counts.size > 0) return counts;
    }
    return new Map();
  }, contextLength);
}
