import { assertEquals } from "@std/assert";
import type { Tokenizer } from "../../../../pipeline/lib/gpt/decode/types.ts";
import {
  type Document,
  documentsOf,
  spread,
  spreadTokens,
} from "../../../../pipeline/lib/gpt/scoring/documents.ts";

/** Token 0 ends a text, token n is byte n. */
const bytesTokenizer: Tokenizer = {
  vocabSize: 256,
  endOfText: 0,
  encode: (text) => [...new TextEncoder().encode(text)],
  decode: (tokens) => new TextDecoder().decode(Uint8Array.from(tokens)),
  tokenBytes: (token) => token === 0 ? new Uint8Array() : Uint8Array.of(token),
};

Deno.test("a token file is cut into its notes; empty ones vanish; characters are code points", () => {
  const encode = (text: string) => [0, ...bytesTokenizer.encode(text)];
  const tokens = Uint16Array.from([...encode("½ tablet"), ...encode(""), ...encode("\ufeff💊")]);
  const documents = documentsOf(tokens, bytesTokenizer);
  assertEquals(documents.map(({ text }) => text), ["½ tablet", "\ufeff💊"]);
  assertEquals(documents.map(({ characters }) => characters), [8, 2]);
  assertEquals(documents[0].tokens.length, 9);
  assertEquals(documentsOf(new Uint16Array([]), bytesTokenizer), []);
});

Deno.test("spread takes the same items every time, from the whole range", () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  assertEquals(spread(items, 4), [12, 37, 62, 87]);
  assertEquals(spread(items, 500), items);
});

Deno.test("a budget of tokens takes fewer of longer notes", () => {
  const notes = (length: number): Document[] =>
    Array.from(
      { length: 20 },
      () => ({ tokens: new Uint16Array(length), text: "", characters: 0 }),
    );
  assertEquals(spreadTokens(notes(10), 8, 1000).length, 8);
  assertEquals(spreadTokens(notes(100), 8, 500).length, 5);
  assertEquals(spreadTokens(notes(1000), 8, 500).length, 1);
  assertEquals(spreadTokens([], 8, 500), []);
});
