import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { ngramAlone, weightCount, weightIndex } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { NgramModel } from "../../pipeline/lib/gpt/decode/ngram.ts";
import { softmax } from "../../pipeline/lib/gpt/decode/sample.ts";
import { fitWeights } from "../../pipeline/calibrate/levels/table.ts";
import { tableEvidenceOf, withTable } from "../../pipeline/lib/gpt/scoring/mixture_levels.ts";
import { NgramCounts } from "../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable } from "../../pipeline/lib/gpt/ngram/table.ts";

const VOCABULARY = 8;

/** Token 0 starts a note; 1 2 3 always follow each other; what comes after 3 is anything. */
function note(length: number, seed: number) {
  let state = seed;
  const tokens: number[] = [];
  while (tokens.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    tokens.push(1, 2, 3, 4 + (state >>> 30));
  }
  return { tokens: Uint16Array.from(tokens), text: "", characters: tokens.length };
}

const counts = new NgramCounts(3);
for (let index = 0; index < 30; index++) counts.addSequence([0, ...note(40, index).tokens], index);
const ngram = new NgramModel(pruneToTable(new KneserNey(counts, VOCABULARY), 0, 2));

/** Knows nothing of the cycle, but which of 4…7 comes: token 4 with probability 0.93. */
const MODEL = [0.01, 0.01, 0.01, 0.01, 0.93, 0.01, 0.01, 0.01];
const held = Array.from({ length: 6 }, (_, index) => {
  const { tokens, ...rest } = note(40, 100 + index);
  return { ...rest, tokens: tokens.map((token) => token >= 4 ? 4 : token) };
});
const logProbabilities = held.map(({ tokens }) =>
  Float32Array.from(tokens, (token) => Math.log(MODEL[token]))
);

Deno.test("the weights learn where the table knows better and where the model does", () => {
  const evidence = held.map(({ tokens }) => tableEvidenceOf(ngram, 0, tokens));
  const probabilities = logProbabilities.map((note) => note.map(Math.exp));
  const weights = fitWeights(probabilities, evidence, ngram.order);
  assertEquals(weights.length, weightCount(ngram.order));
  const weightAfter = (context: number[]) => {
    const { matched, peak } = ngram.predict(context);
    return weights[weightIndex(matched, peak)];
  };
  assert(weightAfter([4, 1]) > 0.9, "2 follows 1: the table is sure");
  assert(weightAfter([2, 3]) < 0.3, "what follows 3 the model knows");
  const total = { table: 0, mixture: 0, model: 0 };
  evidence.forEach((one, index) => {
    const bits = (probabilities: ArrayLike<number>) =>
      Array.from(probabilities).reduce((sum, p) => sum - Math.log2(p), 0);
    total.table += bits(one.table);
    total.mixture += bits(withTable(probabilities[index], one, weights));
    total.model -= logProbabilities[index].reduce((a, b) => a + b, 0) / Math.LN2;
  });
  assertLess(total.mixture, 0.8 * Math.min(total.table, total.model));
});

Deno.test("the table alone as a model says what the table says", async () => {
  const alone = await ngramAlone(ngram, 64).feed([0, 1, 2]);
  const { probabilities } = ngram.predict([0, 1, 2]);
  softmax(alone.logits).forEach((probability, id) =>
    assertAlmostEquals(probability, probabilities[id], 1e-5)
  );
});
