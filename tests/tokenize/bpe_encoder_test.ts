// The bulk encoder, the tokenizer of prompts and Hugging Face's own: the same ids for every string.

import { assertEquals, assertThrows } from "@std/assert";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import type { Tokenizer } from "../../pipeline/lib/gpt/decode/types.ts";
import { BpeEncoder } from "../../pipeline/tokenize/bpe_encoder.ts";
import { trainBpe } from "../../pipeline/tokenize/bpe_trainer.ts";
import { bpeTokenizerJson, readVocabulary } from "../../pipeline/tokenize/tokenizer_json.ts";
import { countWords, huggingFace } from "./fixture.ts";
import { RandomText } from "./random_text.ts";

const { words, counts } = countWords(huggingFace.corpus);
const vocabulary = trainBpe(words, counts, { vocabSize: huggingFace.vocab_size, minFrequency: 2 });
// Through text, as a reader of the file would get it.
const json = JSON.parse(JSON.stringify(bpeTokenizerJson(vocabulary)));
const tokenizer: Tokenizer = createTokenizer(json);
const encoder = new BpeEncoder(readVocabulary(json));

function encodeInBulk(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  const out = new Uint16Array(bytes.length);
  return [...out.subarray(0, encoder.encode(bytes, 0, bytes.length, out, 0))];
}

Deno.test("the same ids as Hugging Face tokenizers (Rust)", () => {
  for (const [text, ids] of huggingFace.encoded) {
    assertEquals(encodeInBulk(text), ids, JSON.stringify(text));
    assertEquals(tokenizer.encode(text), ids, JSON.stringify(text));
  }
});

Deno.test("bulk and prompt encoders agree, and decoding gives the text back", () => {
  const random = new RandomText(3);
  for (let i = 0; i < 20_000; i++) {
    const text = random.next(12, { surrogates: true });
    const ids = encodeInBulk(text);
    assertEquals(tokenizer.encode(text), ids, JSON.stringify(text));
    // UTF-8 cannot hold half a surrogate pair: it becomes U+FFFD, everything else comes back.
    assertEquals(tokenizer.decode(ids), text.toWellFormed());
  }
});

Deno.test("a word of any length is encoded in its time", () => {
  const text = huggingFace.corpus[0].replace(/[^a-z]/g, "").repeat(1500);
  const ids = encodeInBulk(text);
  assertEquals(tokenizer.decode(ids), text);
  assertEquals(tokenizer.encode(text), ids);
});

Deno.test("a text that spells the end-of-text token does not contain it", () => {
  const text = "before <|endoftext|> after";
  assertEquals(encodeInBulk(text).includes(tokenizer.endOfText), false);
  assertEquals(tokenizer.encode(text), encodeInBulk(text));
  assertEquals(tokenizer.decode(tokenizer.encode(text)), text);
});

Deno.test("tokens cut a character: the bytes are there, the text shows U+FFFD", () => {
  const ids = tokenizer.encode("🙂");
  assertEquals(tokenizer.decode(ids.slice(0, -1)), "\ufffd");
  assertEquals(ids.flatMap((id) => [...tokenizer.tokenBytes(id)]), [
    ...new TextEncoder().encode("🙂"),
  ]);
  assertEquals(tokenizer.tokenBytes(tokenizer.endOfText), new Uint8Array());
  assertEquals(tokenizer.decode([]), "");
  assertEquals(tokenizer.encode(""), []);
});

Deno.test("what is no tokenizer.json, and what is no token, is refused", () => {
  assertThrows(() => createTokenizer({}), TypeError, "deno task tokenize");
  assertThrows(() => createTokenizer(null), TypeError, "expected a Hugging Face tokenizer");
  assertThrows(() => tokenizer.decode([tokenizer.vocabSize]), RangeError, "Cannot decode token");
  assertThrows(() => tokenizer.decode([-1]), RangeError, "Cannot decode token -1");
  const damaged = { ...json, model: { ...json.model, merges: [["Ġq", "qq"]] } };
  assertThrows(() => readVocabulary(damaged), RangeError, "not in the vocabulary");
});
