/**
 * The tokenizer of a run, from the object in its tokenizer.json: for prompts and completions, where
 * texts are short. It encodes through `@huggingface/tokenizers`; the bulk encoder of
 * pipeline/tokenize gives the same ids for every string. Pure: it also runs in the worker.
 */

import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { fromByteLevel } from "./byte_level.ts";
import type { Tokenizer } from "./types.ts";

/** What is read of a tokenizer.json. */
interface TokenizerJson {
  added_tokens: { id: number; content: string; special: boolean }[];
  decoder: { type: string };
  model: { vocab: Record<string, number> };
}

const END_OF_TEXT = "<|endoftext|>";

/**
 * Makes the tokenizer that `json`, a parsed tokenizer.json, describes.
 *
 * `<|endoftext|>` in a text is encoded as the characters it consists of, never as the token: a note
 * cannot end itself. Lone surrogates, which UTF-8 cannot hold, are encoded as U+FFFD; for all other
 * strings of a byte-level tokenizer, `decode(encode(text)) === text`.
 *
 * @throws {TypeError} if `json` is no tokenizer.json with an end-of-text token
 */
export function createTokenizer(json: unknown): Tokenizer {
  const { added_tokens, decoder, model } = checked(json);
  const endOfText = added_tokens.find(({ content }) => content === END_OF_TEXT)!.id;
  // Without its added tokens the library does not look for them in the text.
  const inner = new HuggingFaceTokenizer({ ...json as object, added_tokens: [] }, {});
  const byteLevel = decoder.type === "ByteLevel";
  const utf8 = new TextEncoder();
  const bytes: Uint8Array[] = [];
  for (const [token, id] of Object.entries(model.vocab)) {
    bytes[id] = byteLevel ? fromByteLevel(token) : utf8.encode(token);
  }
  bytes[endOfText] = new Uint8Array();
  const tokenBytes = (token: number): Uint8Array => {
    if (bytes[token] !== undefined) return bytes[token];
    throw new RangeError(`Cannot decode token ${token}: expected 0 to ${bytes.length - 1}`);
  };
  return {
    vocabSize: bytes.length,
    endOfText,
    encode: (text) => text === "" ? [] : inner.encode(text.toWellFormed()).ids,
    decode: (tokens) => decodeBytes(tokens.map(tokenBytes)),
    tokenBytes,
  };
}

/** Joins and reads as UTF-8; what is not UTF-8 (a character cut in two) becomes U+FFFD. */
function decodeBytes(parts: Uint8Array[]): string {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  // ignoreBOM: a leading U+FEFF is part of the text.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(joined);
}

function checked(json: unknown): TokenizerJson {
  const found = json as Partial<TokenizerJson> | null;
  const isTokenizer = typeof found?.model?.vocab === "object" &&
    typeof found.decoder?.type === "string" && Array.isArray(found.added_tokens) &&
    found.added_tokens.some((token) => token?.content === END_OF_TEXT);
  if (isTokenizer) return found as TokenizerJson;
  throw new TypeError(
    `Cannot use this tokenizer.json: expected a Hugging Face tokenizer with the token ${END_OF_TEXT}; run "deno task tokenize" again`,
  );
}
