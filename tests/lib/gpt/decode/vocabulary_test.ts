import { assert, assertEquals } from "@std/assert";
import { createTokenizer } from "../../../../pipeline/lib/gpt/decode/tokenizer.ts";
import { Vocabulary } from "../../../../pipeline/lib/gpt/decode/vocabulary.ts";
import { pieceTokenizer } from "../../../helpers/tiny_language.ts";

Deno.test("words are encoded as by GPT-2's own tokenizer", async () => {
  const path = new URL("../../../fixtures/gpt2_tokenizer/tokenizer.json", import.meta.url);
  const tokenizer = createTokenizer(JSON.parse(await Deno.readTextFile(path)));
  const vocabulary = new Vocabulary(tokenizer);
  assert(vocabulary.joinsInOrder(tokenizer));
  for (const word of ["the", " the", " patient", " osteoporosis", "Hypothyroidism", " qqq"]) {
    assertEquals(vocabulary.encodeWord(word), tokenizer.encode(word), word);
  }
});

Deno.test("a vocabulary that does not merge in order is noticed", () => {
  const tokenizer = pieceTokenizer([" oste", "oporosis", " pain"]);
  assertEquals(new Vocabulary(tokenizer).joinsInOrder(tokenizer), false);
});
