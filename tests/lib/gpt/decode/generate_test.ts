import { assertAlmostEquals, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { Decoder } from "../../../../pipeline/lib/gpt/decode/decoder.ts";
import { generate } from "../../../../pipeline/lib/gpt/decode/generate.ts";
import { corpusModel, modelOf, pieceTokenizer } from "../../../helpers/tiny_language.ts";

const tokenizer = pieceTokenizer(["no", " fever", " pain", " rash"]);
const documents = ["no fever no pain", "no rash"];

Deno.test("greedy generation recites what the model knows and ends with the document", async () => {
  const model = corpusModel(tokenizer, documents.slice(0, 1));
  assertEquals(await generate(model, tokenizer, "no fever"), " no pain");
  assertEquals(await generate(model, tokenizer, ""), "no fever no pain");
  assertEquals(await generate(model, tokenizer, "no", { maxTokens: 1 }), " fever");
});

Deno.test("sampled generation is decided by the seed", async () => {
  const model = corpusModel(tokenizer, documents);
  const draw = (seed: number) => generate(model, tokenizer, "", { temperature: 1, seed });
  assertEquals(await draw(5), await draw(5));
  const drawn = await Promise.all(Array.from({ length: 20 }, (_, seed) => draw(seed)));
  assertEquals(new Set(drawn), new Set(documents));
});

Deno.test("generation goes on past the context by forgetting the older half", async () => {
  const next = new Map([[256, 257], [257, 258], [258, 256]]);
  const model = modelOf(tokenizer, (tokens) => new Map([[next.get(tokens.at(-1)!) ?? 256, 1]]), 8);
  const text = await generate(model, tokenizer, "no", { maxTokens: 30 });
  assertEquals(text, " fever painno".repeat(10));
});

Deno.test("each token comes with the model's own log-probability", async () => {
  const decoder = new Decoder(corpusModel(tokenizer, documents), tokenizer);
  const tokens = [];
  for await (const token of decoder.generate("no", { temperature: 0.01, maxTokens: 1 })) {
    tokens.push(token);
  }
  assertEquals(tokens.length, 1);
  assertAlmostEquals(tokens[0].logProbability, Math.log(1 / 2), 0.01);
});

Deno.test("a decoder never generates the placeholder of de-identification", async () => {
  const pieces = pieceTokenizer(["no", " fever", "___", " _", " __"]);
  const decoder = new Decoder(corpusModel(pieces, ["no ___", "no ___ fever", "no fever"]), pieces);
  for (let seed = 0; seed < 30; seed++) {
    for await (const { token } of decoder.generate("no", { temperature: 1, seed, maxTokens: 8 })) {
      assertFalse(pieces.decode([token]).includes("_"));
    }
  }
});

Deno.test("impossible settings are refused", async () => {
  const model = corpusModel(tokenizer, documents);
  await assertRejects(
    () => generate(model, tokenizer, "no", { temperature: NaN }),
    RangeError,
    "temperature is NaN",
  );
});
