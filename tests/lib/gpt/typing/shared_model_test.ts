import { assertEquals } from "@std/assert";
import { Decoder } from "../../../../pipeline/lib/gpt/decode/decoder.ts";
import { rememberingTokenizer } from "../../../../pipeline/lib/gpt/typing/fast_tokenizer.ts";
import { sharedModel } from "../../../../pipeline/lib/gpt/typing/systems.ts";
import { growthOf } from "../../../../pipeline/lib/gpt/typing/thresholds.ts";
import { corpusModel, pieceTokenizer } from "../../../helpers/tiny_language.ts";
import { createTokenizer } from "../../../../pipeline/lib/gpt/decode/tokenizer.ts";
import { bpeTokenizerJson } from "../../../../pipeline/tokenize/tokenizer_json.ts";
import { trainBpe } from "../../../../pipeline/tokenize/bpe_trainer.ts";
import { countWords, huggingFace } from "../../../tokenize/fixture.ts";

Deno.test("decoders that share a model say what they say alone, and compute it once", async () => {
  const tokenizer = pieceTokenizer([" acute", " distress", " pain", "no"]);
  const notes = ["no acute distress", "no acute distress", "no acute pain"];
  const alone = corpusModel(tokenizer, notes), inner = corpusModel(tokenizer, notes);
  const shared = sharedModel(inner);
  const first = new Decoder(shared, tokenizer), second = new Decoder(shared, tokenizer);
  for (const before of ["no", "no a", "no acute d"]) {
    const expected = await growthOf(new Decoder(alone, tokenizer) as Decoder, before, {}, 0.15);
    assertEquals(await growthOf(first as Decoder, before, {}, 0.15), expected);
    const computed = inner.fed.length;
    assertEquals(await growthOf(second as Decoder, before, {}, 0.15), expected);
    assertEquals(inner.fed.length, computed, "the second decoder found all of it");
  }
});

Deno.test("the remembering tokenizer gives the same tokens for every beginning of a text", () => {
  const { words, counts } = countWords(huggingFace.corpus);
  const json = bpeTokenizerJson(trainBpe(words, counts, { vocabSize: 400, minFrequency: 2 }));
  const tokenizer = createTokenizer(json);
  const fast = rememberingTokenizer(tokenizer);
  const texts = [
    "  Pt's BP 120/80,\n\nPLAN:  rest \t and 1.5 mg.\n  he'll\u00a0go ½ 💊 x  \n y ",
    " ",
    "\n \n a",
    huggingFace.corpus.join("\n").slice(0, 300),
  ];
  for (const text of texts) {
    for (let end = 0; end <= text.length; end++) {
      const part = text.slice(0, end);
      assertEquals(fast.encode(part), tokenizer.encode(part), JSON.stringify(part.slice(-20)));
    }
  }
});
