import { assertAlmostEquals, assertEquals } from "@std/assert";
import { heal, healingStart } from "../../../../pipeline/lib/gpt/decode/heal.ts";
import { PrefixCache } from "../../../../pipeline/lib/gpt/decode/prefix_cache.ts";
import { Vocabulary } from "../../../../pipeline/lib/gpt/decode/vocabulary.ts";
import { modelOf, pieceTokenizer } from "../../../helpers/tiny_language.ts";

const tokenizer = pieceTokenizer([" hypertension", " hyper", " hypo", "tension", " h", "y", " is"]);
const vocabulary = new Vocabulary(tokenizer);
const [hypertension, hyper, hypo, tension, h] = [256, 257, 258, 259, 260];

Deno.test("vocabulary: tokens that start with bytes, and tokens that bytes start with", () => {
  const texts = (tokens: number[]) => tokens.map((token) => vocabulary.bytes[token]);
  assertEquals(texts(vocabulary.startingWith(" hype")), [" hyper", " hypertension"]);
  assertEquals(texts(vocabulary.startingWith(" hyper")), [" hyper", " hypertension"]);
  assertEquals(vocabulary.startingWith(" q"), []);
  assertEquals(texts(vocabulary.prefixesOf(" hypert")), [" ", " h", " hyper"]);
  assertEquals(texts(vocabulary.prefixesOf(" hyper")), [" ", " h"]);
});

Deno.test("only the unfinished word is taken back, with the space before it", () => {
  const kept = (text: string) => {
    const tokens = tokenizer.encode(text);
    return tokenizer.decode(tokens.slice(0, healingStart(tokens, vocabulary, 0)));
  };
  assertEquals(kept("has is hype"), "has is");
  assertEquals(kept("has is hyper"), "has is");
  assertEquals(kept("has is "), "has is");
  // No longer token begins with " hypertension" or with "s": nothing to take back.
  assertEquals(kept("has is hypertension"), "has is hypertension");
  assertEquals(kept("has iss"), "has iss");
  assertEquals(kept(""), "");
});

Deno.test("at least `keep` tokens stay", () => {
  assertEquals(healingStart([h], vocabulary, 0), 0);
  assertEquals(healingStart([h], vocabulary, 1), 1);
});

Deno.test("healing weighs every tokenization of the typed bytes", async () => {
  // After the context: hypertension 0.2, hyper 0.3 (then tension 0.9, y 0.1), hypo 0.4, h 0.1.
  const model = modelOf(tokenizer, (tokens) => {
    const last = tokens.at(-1);
    if (last === hyper) return new Map([[tension, 0.9], [121, 0.1]]);
    if (last === h) return new Map([[65, 1]]);
    return new Map([[hypertension, 0.2], [hyper, 0.3], [hypo, 0.4], [h, 0.1]]);
  });
  const ways = await heal(new PrefixCache(model), vocabulary, [256], " hypert", 2);
  // P(" hypert…") = 0.2 + 0.3 × 0.9 = 0.47
  assertEquals(ways.map(({ tokens }) => tokens), [[hyper, tension], [hypertension]]);
  assertEquals(ways.map(({ bytes }) => bytes), ["ension", "ension"]);
  assertAlmostEquals(ways[0].probability, 0.27 / 0.47, 1e-3);
  assertAlmostEquals(ways[1].probability, 0.2 / 0.47, 1e-3);
});

Deno.test("nothing typed: one way, certain, without a model call", async () => {
  const model = modelOf(tokenizer, () => new Map());
  const ways = await heal(new PrefixCache(model), vocabulary, [256], "", 3);
  assertEquals(ways, [{ tokens: [], bytes: "", probability: 1 }]);
  assertEquals(model.fed, []);
});
