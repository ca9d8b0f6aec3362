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
  pre_tokenizer: unknown;
  decoder: { type: string } | null;
  model: { type?: string; vocab: Record<string, number> };
}

/** What models call the token between two texts, best known first. */
const END_OF_TEXT = [
  "<|endoftext|>",
  "<|end_of_text|>",
  "</s>",
  "<eos>",
  "[EOS]",
  "<|eos|>",
  "<EOS>",
];

/**
 * Makes the tokenizer that `json`, a parsed tokenizer.json, describes. Its ids are those of
 * `encode(text, add_special_tokens=False)` in Hugging Face's libraries: added tokens such as `___`
 * are found in the text, and nothing is put before or behind it.
 *
 * The end-of-text token, whatever its id, is the exception: in a text it is encoded as the
 * characters it consists of, so that a note cannot end itself. Lone surrogates, which UTF-8 cannot
 * hold, are encoded as U+FFFD; for all other strings of a byte-level tokenizer without a normalizer,
 * `decode(encode(text)) === text`.
 *
 * @throws {TypeError} if `json` is no BPE tokenizer.json with an end-of-text token
 */
export function createTokenizer(json: unknown): Tokenizer {
  const checkedJson = checked(json);
  const { added_tokens, model } = checkedJson;
  const end = endOfTextOf(checkedJson)!;
  // Without the end of text among its added tokens the library does not look for it in the text.
  const others = added_tokens.filter(({ content }) => content !== end.content);
  const inner = new HuggingFaceTokenizer(
    { ...json as object, added_tokens: others, post_processor: null },
    {},
  );
  const byteLevel = isByteLevel(checkedJson);
  const utf8 = new TextEncoder();
  const bytes: Uint8Array[] = [];
  for (const [token, id] of Object.entries(model.vocab)) {
    bytes[id] = byteLevel ? fromByteLevel(token) : utf8.encode(token);
  }
  // Added tokens are text, not byte-level characters; special ones say nothing.
  for (const { id, content, special } of others) {
    bytes[id] = special ? new Uint8Array() : utf8.encode(content);
  }
  bytes[end.id] = new Uint8Array();
  // Ids that no token has.
  for (let id = 0; id < bytes.length; id++) bytes[id] ??= new Uint8Array();
  const tokenBytes = (token: number): Uint8Array => {
    if (bytes[token] !== undefined) return bytes[token];
    throw new RangeError(`Cannot decode token ${token}: expected 0 to ${bytes.length - 1}`);
  };
  return {
    vocabSize: bytes.length,
    endOfText: end.id,
    encode: (text) => text === "" ? [] : inner.encode(text.toWellFormed()).ids,
    decode: (tokens) => decodeBytes(tokens.map(tokenBytes)),
    tokenBytes,
  };
}

const endOfTextOf = ({ added_tokens }: TokenizerJson) =>
  END_OF_TEXT.flatMap((name) => added_tokens.find(({ content }) => content === name) ?? [])[0];

/** Tokens stand for bytes, as in GPT-2, and not for characters. */
const isByteLevel = ({ decoder, pre_tokenizer }: TokenizerJson) =>
  decoder === null
    ? JSON.stringify(pre_tokenizer ?? null).includes('"ByteLevel"')
    : JSON.stringify(decoder).includes('"ByteLevel"');

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
  const fail = (why: string) => new TypeError(`Cannot use this tokenizer.json: ${why}`);
  const { type, vocab } = found?.model ?? {};
  if (type !== undefined && type !== "BPE") {
    throw fail(`its model is ${String(type).slice(0, 40)}, expected BPE, GPT-2's kind`);
  }
  if (typeof vocab !== "object" || !Array.isArray(found?.added_tokens)) {
    throw fail('expected a Hugging Face tokenizer; run "deno task tokenize" again');
  }
  const tokenizer = { pre_tokenizer: null, decoder: null, ...found } as TokenizerJson;
  if (!isByteLevel(tokenizer) && tokenizer.decoder?.type !== "Fuse") {
    throw fail("its tokens are not bytes, expected byte-level BPE, GPT-2's kind");
  }
  if (endOfTextOf(tokenizer) === undefined) {
    throw fail(`it has no token for the end of a text, expected one of ${END_OF_TEXT.join(" ")}`);
  }
  return tokenizer;
}
