// --tokenizer with Hugging Face files as people have them: ids equal to those of
// @huggingface/tokenizers, whatever the file says about added tokens, templates and merges.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { encodingOf } from "../../pipeline/tokenize/given_tokenizer.ts";
import { bpeTokenizerJson, type TokenizerJson } from "../../pipeline/tokenize/tokenizer_json.ts";
import { readVocabulary } from "../../pipeline/tokenize/tokenizer_json.ts";
import { huggingFace } from "./fixture.ts";

/** A tokenizer.json with the vocabulary that Hugging Face's trainer learned. */
function base(): TokenizerJson {
  const vocab = Object.fromEntries(huggingFace.vocab.map((token, id) => [token, id]));
  const merges = huggingFace.merges.map((pair) => pair);
  const json = bpeTokenizerJson(
    readVocabulary({ version: "1.0", model: { type: "BPE", vocab, merges } }),
  );
  return structuredClone(json);
}

const added = (id: number, content: string, special = false) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special,
});

const size = huggingFace.vocab.length;
const END = "<|endoftext|>";

const template = (before: boolean) => ({
  type: "TemplateProcessing",
  single: before
    ? [{ SpecialToken: { id: END, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }]
    : [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: END, type_id: 0 } }],
  pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
  special_tokens: { [END]: { id: END, ids: [0], tokens: [END] } },
});

/** The end-of-text token with another id: what was there goes to the end. */
function withEndAt(json: TokenizerJson, id: number, content = END): TokenizerJson {
  const vocab = { ...json.model.vocab };
  delete vocab[END];
  vocab[content] = id;
  return { ...json, model: { ...json.model, vocab }, added_tokens: [added(id, content, true)] };
}

const variants: [name: string, json: () => TokenizerJson, end: number][] = [
  ["as it is", base, 0],
  ["an added token", () => ({
    ...base(),
    added_tokens: [added(0, END, true), added(size, "___"), added(size + 1, "Hb-A1c")],
  }), 0],
  [
    "a special token",
    () => ({ ...base(), added_tokens: [added(0, END, true), added(size, "<pad>", true)] }),
    0,
  ],
  ["a token before every text", () => ({ ...base(), post_processor: template(true) }), 0],
  ["a token behind every text", () => ({ ...base(), post_processor: template(false) }), 0],
  ["merges as strings", () => {
    const json = base();
    const merges = huggingFace.merges.map((pair) => pair.join(" "));
    return { ...json, model: { ...json.model, merges } };
  }, 0],
  ["the end of text last", () => withEndAt(base(), size + 5), size + 5],
  ["the end of text by another name", () => withEndAt(base(), 0, "</s>"), 0],
  ["no decoder named", () => ({ ...base(), decoder: null }), 0],
];

const texts = [
  ...huggingFace.corpus.slice(0, 20),
  "Name: ___ Unit No: ___\n___ was seen, Hb-A1c 6.2",
  "café <pad> 38.5° ___",
  "____ ___x",
];

for (const [name, make, end] of variants) {
  Deno.test(`ids are Hugging Face's: ${name}`, () => {
    const json = make();
    const ours = createTokenizer(json);
    const theirs = new HuggingFaceTokenizer(json as object, {});
    assertEquals(ours.endOfText, end);
    for (const text of texts) {
      const expected = theirs.encode(text, { add_special_tokens: false }).ids;
      assertEquals(ours.encode(text), expected, text);
      if (!text.includes("<pad>") || name !== "a special token") {
        assertEquals(ours.decode(expected), text);
      }
    }
    encodingOf(json);
  });
}

Deno.test("merges as strings are ours all the same, and encoded as fast", () => {
  const json = base();
  const merges = huggingFace.merges.map((pair) => pair.join(" "));
  const older = { ...json, model: { ...json.model, merges } };
  assertEquals(encodingOf(older).kind, encodingOf(json).kind);
});

Deno.test("what is no byte-level BPE is refused by name", () => {
  const refused: [object, string][] = [
    [{ ...base(), model: { type: "Unigram", vocab: [["a", -1]] } }, "its model is Unigram"],
    [{ ...base(), model: { type: "WordPiece", vocab: { a: 0 } } }, "its model is WordPiece"],
    [{ ...base(), model: { type: "WordLevel", vocab: { a: 0 } } }, "its model is WordLevel"],
    [{ ...base(), decoder: { type: "Metaspace" } }, "its tokens are not bytes"],
    [{ ...base(), added_tokens: [] }, "no token for the end of a text"],
    [{}, "expected a Hugging Face tokenizer"],
  ];
  for (const [json, why] of refused) {
    const error = assertThrows(() => createTokenizer(json), TypeError);
    assertStringIncludes(error.message, why);
  }
});
