import { assertEquals } from "@std/assert";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { CharEncoder } from "../../pipeline/tokenize/char_encoder.ts";
import { charTokenizerJson } from "../../pipeline/tokenize/tokenizer_json.ts";
import { huggingFace } from "./fixture.ts";
import { RandomText } from "./random_text.ts";

const tokenizer = createTokenizer(JSON.parse(JSON.stringify(charTokenizerJson())));
const encoder = new CharEncoder();

function encodeInBulk(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  const out = new Uint16Array(bytes.length);
  return [...out.subarray(0, encoder.encode(bytes, 0, bytes.length, out, 0))];
}

Deno.test("37 symbols and the end of text; case, line breaks and the rest are folded away", () => {
  assertEquals(tokenizer.vocabSize, 38);
  const decoded = tokenizer.decode(
    tokenizer.encode("HPI:\nMr. ___ (45 y/o), 98.6°F é <|endoftext|>"),
  );
  assertEquals(decoded, "hpi mr  45 yo 986f  endoftext");
});

Deno.test("decode(encode(x)) = x for every string over the 37 symbols", () => {
  const all = "the quick brown fox jumps over 0123456789 lazy dogs";
  assertEquals(tokenizer.decode(tokenizer.encode(all)), all);
  assertEquals(tokenizer.decode(encodeInBulk(all)), all);
});

Deno.test("the same ids as Hugging Face tokenizers (Rust)", () => {
  for (const [text, _, ids] of huggingFace.encoded) {
    assertEquals(encodeInBulk(text), ids, JSON.stringify(text));
    assertEquals(tokenizer.encode(text), ids, JSON.stringify(text));
  }
});

Deno.test("bulk and prompt encoders agree on every code point", () => {
  for (let code = 0; code < 0x110000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    // Beyond the Latin, Greek and letter-like blocks in bigger pieces, to be quick.
    let text = String.fromCodePoint(code);
    if (code > 0x3000) { while (code % 64 !== 63) text += String.fromCodePoint(++code); }
    assertEquals(encodeInBulk(text), tokenizer.encode(text), code.toString(16));
  }
  const random = new RandomText(4);
  for (let i = 0; i < 5000; i++) {
    const text = random.next(20, { surrogates: true });
    assertEquals(encodeInBulk(text), tokenizer.encode(text), JSON.stringify(text));
  }
});
