/** A token file as the notes it was made from. */

import type { Tokenizer } from "../decode/types.ts";

export interface Document {
  /** Without the end-of-text token that starts it. */
  tokens: Uint16Array;
  text: string;
  /** Unicode code points of `text`. */
  characters: number;
}

/** The notes of a token file, in order. A note's text is exactly what its tokens stand for. */
export function documentsOf(tokens: Uint16Array, tokenizer: Tokenizer): Document[] {
  const bytes = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.tokenBytes(id));
  const documents: Document[] = [];
  for (let start = 0; start < tokens.length;) {
    const from = tokens[start] === tokenizer.endOfText ? start + 1 : start;
    const found = tokens.indexOf(tokenizer.endOfText, from);
    const to = found === -1 ? tokens.length : found;
    if (to > from) documents.push(document(tokens.subarray(from, to), bytes));
    start = to === from ? to + 1 : to;
  }
  return documents;
}

function document(tokens: Uint16Array, bytes: readonly Uint8Array[]): Document {
  let length = 0;
  for (const token of tokens) length += bytes[token].length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const token of tokens) {
    joined.set(bytes[token], at);
    at += bytes[token].length;
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(joined);
  return { tokens, text, characters: codePoints(text) };
}

/** At most `limit` documents, evenly spread over the file: the same ones every time. */
export function spread<T>(items: readonly T[], limit: number): T[] {
  if (limit >= items.length) return [...items];
  return Array.from({ length: limit }, (_, index) => {
    return items[Math.floor((index + 0.5) * items.length / limit)];
  });
}

/** The same, and of so few that they hold about `tokens` tokens together: at least one. */
export function spreadTokens(documents: readonly Document[], limit: number, tokens: number) {
  const mean = documents.reduce((sum, document) => sum + document.tokens.length, 0) /
    Math.max(1, documents.length);
  return spread(documents, Math.max(1, Math.min(limit, Math.floor(tokens / Math.max(1, mean)))));
}

/** Number of Unicode code points. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
