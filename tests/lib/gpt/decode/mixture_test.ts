import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Decoder } from "../../../../pipeline/lib/gpt/decode/decoder.ts";
import {
  createMixture,
  mix,
  mixed,
  type Mixture,
  type MixtureSettings,
  weightCount,
  weightIndex,
} from "../../../../pipeline/lib/gpt/decode/mixture.ts";
import { NgramModel } from "../../../../pipeline/lib/gpt/decode/ngram.ts";
import { adaptToNote, noteFollowers } from "../../../../pipeline/lib/gpt/decode/note_ngrams.ts";
import { PrefixCache } from "../../../../pipeline/lib/gpt/decode/prefix_cache.ts";
import { softmax } from "../../../../pipeline/lib/gpt/decode/sample.ts";
import { NgramCounts } from "../../../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable, writeNgramTable } from "../../../../pipeline/lib/gpt/ngram/table.ts";
import { corpusModel, pieceTokenizer } from "../../../helpers/tiny_language.ts";

const tokenizer = pieceTokenizer(
  "The| patient| has| fever| cough| takes| Lasix| Plavix| daily| today".split("|"),
);
const encode = (text: string) => [tokenizer.endOfText, ...tokenizer.encode(text)];

/** A table of what six patients' notes say. */
const table = (() => {
  const counts = new NgramCounts(4);
  for (let patient = 0; patient < 6; patient++) {
    counts.addSequence(encode("The patient takes Lasix daily"), patient);
  }
  return pruneToTable(new KneserNey(counts, tokenizer.vocabSize), tokenizer.endOfText, 5);
})();
const ngram = new NgramModel(table);

/** A GPT that has never seen Lasix. */
const gpt = () => corpusModel(tokenizer, ["The patient takes Plavix today"]);
const concentrations = [50, 5, 4, 4, 4];

Deno.test("followers: what stood behind the last tokens before, by how many agree", () => {
  const note = [7, 1, 2, 3, 9, 1, 2, 4, 8, 2, 5];
  assertEquals(noteFollowers(note, note.length, [0, 1, 2]), [[3, 4, 5], [3, 4], [], [], []]);
  assertEquals(noteFollowers(note, 4, [0, 1, 2]), [[3], [3], [], [], []]);
  assertEquals(noteFollowers([], 0, [1]), [[], [], [], [], []]);
});

Deno.test("the note's counts come first, its Dirichlet prior after, order by order", () => {
  const probabilities = Float32Array.of(0.5, 0.25, 0.25);
  adaptToNote(probabilities, [[1, 1, 2], [1], [], [], []], [2, 1, 1, 1, 1]);
  // p₁ = ((0, 2, 1) + 2·p₀) / 5, p₂ = ((0, 1, 0) + p₁) / 2
  [0.1, 0.75, 0.15].forEach((expected, id) =>
    assertAlmostEquals(probabilities[id], expected, 1e-6)
  );
});

Deno.test("mixed: λ·table + (1 − λ)·model, which sums to one", async () => {
  const weights = Array.from({ length: weightCount(4) }, (_, index) => index / 30);
  const cache = new PrefixCache(gpt());
  const tokens = encode("The patient takes");
  const model = softmax(await cache.logitsAfter(tokens));
  const { probabilities, matched, peak } = ngram.predict(tokens);
  const weight = weights[weightIndex(matched, peak)];
  const both = softmax(
    await mixed(cache, { table: { ngram, weights } }, []).logitsAfter(tokens),
  );
  both.forEach((probability, id) =>
    assertAlmostEquals(probability, weight * probabilities[id] + (1 - weight) * model[id], 1e-5)
  );
  const adapted = model.slice();
  mix(adapted, { table: { ngram, weights }, note: concentrations }, tokens, tokens);
  assertAlmostEquals(adapted.reduce((a, b) => a + b), 1, 1e-5);
});

Deno.test("the decoder suggests what table and note know and the GPT does not", async () => {
  const text = "The patient takes";
  const best = async (mixture: Mixture | undefined, text: string) =>
    (await new Decoder(gpt(), tokenizer, { mixture }).suggest(text, { maxWords: 1 }))[0]?.text;
  const trusted = new Array(weightCount(4)).fill(0.95);
  assertEquals(await best(undefined, text), " Plavix");
  assertEquals(await best({ table: { ngram, weights: trusted } }, text), " Lasix");
  const note = "The patient takes cough daily. The patient takes cough. ";
  assertEquals(await best(undefined, note + text), " Plavix");
  assertEquals(await best({ note: [1, 0.1, 0.1, 0.1, 0.1] }, note + text), " cough");
});

Deno.test("what is remembered while letters are typed is what a new decoder computes", async () => {
  const mixture = {
    table: { ngram, weights: new Array(weightCount(4)).fill(0.3) },
    note: [1, 0.1, 0.1, 0.1, 0.1],
  };
  const settings = { maxWords: 1, minConfidence: 0 };
  const notes = [
    "The patient takes cough daily. The patient ta",
    "The patient has fever. The patient has fever. The patient ",
    "The patient takes cough daily. The patient takes Plavix. The pat",
  ];
  const remembering = new Decoder(gpt(), tokenizer, { mixture });
  for (let length = 1; length <= Math.max(...notes.map((note) => note.length)); length++) {
    for (const [writer, note] of notes.entries()) {
      const text = note.slice(0, length);
      assertEquals(
        await remembering.suggest(text, { ...settings, scope: `${writer % 2}` }),
        await new Decoder(gpt(), tokenizer, { mixture }).suggest(text, settings),
        text,
      );
    }
  }
});

Deno.test("generation goes through the mixture too, and is repeatable", async () => {
  const text = "The patient takes";
  const written = async (mixture?: Mixture) => {
    const decoder = new Decoder(gpt(), tokenizer, { mixture });
    const tokens: number[] = [];
    for await (const { token } of decoder.generate(text, { maxTokens: 2 })) tokens.push(token);
    return tokenizer.decode(tokens);
  };
  const mixture = { table: { ngram, weights: new Array(weightCount(4)).fill(0.95) } };
  assertEquals(await written(), " Plavix today");
  assertEquals(await written(mixture), " Lasix daily");
});

Deno.test("one scope's note is not read from another's memory", async () => {
  const decoder = new Decoder(gpt(), tokenizer, { mixture: { note: concentrations } });
  const text = "The patient has cough. The patient has";
  const [first] = await decoder.suggest(text, { scope: "a", minConfidence: 0, maxWords: 1 });
  const [second] = await decoder.suggest(text, { scope: "b", minConfidence: 0, maxWords: 1 });
  assertEquals(first, second);
});

const file: MixtureSettings = {
  table: { weights: new Array(weightCount(4)).fill(0.5) },
  note: concentrations,
};

Deno.test("fitted numbers and their table make a mixture; what does not fit is refused", () => {
  const bytes = writeNgramTable(table);
  assertEquals(createMixture(file, bytes).table!.ngram.order, 4);
  assertEquals(createMixture({ ...file, table: null }), { note: concentrations });
  assertThrows(() => createMixture(file), TypeError, "the n-gram table is missing");
  assertThrows(
    () => createMixture({ ...file, note: [1] }, bytes),
    TypeError,
    '1 orders of the note\'s own n-grams, expected 5; run "deno task calibrate" again',
  );
  assertThrows(() => createMixture(file, bytes.subarray(0, 60)), TypeError, "cut short");
  const other = corpusModel(pieceTokenizer([]), []);
  assertThrows(
    () => new Decoder(other, pieceTokenizer([]), { mixture: createMixture(file, bytes) }),
    RangeError,
    "the model has 257 tokens, the n-gram table 267",
  );
  assertThrows(
    () => new Decoder(gpt(), tokenizer, { mixture: { table: { ngram, weights: [0.5] } } }),
    RangeError,
    `1 weights, expected ${weightCount(4)}`,
  );
});
