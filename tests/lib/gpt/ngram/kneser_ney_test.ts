import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { NgramCounts } from "../../../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../../../pipeline/lib/gpt/ngram/kneser_ney.ts";

/** A small language with structure: 0 starts, then cycles of 1 2 3 4 with a random slip. */
function corpus(sequences: number, length: number, seed: number): number[][] {
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: sequences }, () => {
    const symbols = [0];
    for (let i = 0; i < length; i++) {
      symbols.push(random() < 0.1 ? 5 + Math.floor(random() * 10) : 1 + (i % 4));
    }
    return symbols;
  });
}

function counted(order: number, sequences: number[][], patient = (index: number) => index) {
  const counts = new NgramCounts(order);
  sequences.forEach((symbols, index) => counts.addSequence(symbols, patient(index)));
  return counts;
}

Deno.test("counts: every n-gram with its occurrences, patients and suffix", () => {
  const counts = counted(2, [[0, 1, 2], [0, 1, 2, 1], [0, 1]], (index) => index === 0 ? 0 : 1);
  const [, unigrams, bigrams] = counts.orders;
  assertEquals([unigrams.size, bigrams.size], [3, 3]);
  const one = unigrams.find(0, 1)!, two = unigrams.find(0, 2)!;
  assertEquals([unigrams.count[one], unigrams.patients[one]], [4, 2]);
  const pair = bigrams.find(one, 2)!;
  assertEquals([bigrams.count[pair], bigrams.patients[pair]], [2, 2]);
  assertEquals(bigrams.suffix[pair], two);
  assertEquals(bigrams.find(two, 2), undefined);
  assertEquals(bigrams.count[bigrams.find(two, 1)!], 1);
});

Deno.test("n-grams do not run from one sequence into the next", () => {
  const counts = counted(2, [[1, 2], [3, 4]]);
  assertEquals(counts.orders[2].find(counts.orders[1].find(0, 2)!, 3), undefined);
});

Deno.test("tables grow without losing anything", () => {
  const sequence = Array.from({ length: 20_000 }, (_, index) => index);
  const counts = counted(3, [sequence, sequence]);
  assertEquals(counts.orders.map(({ size }) => size), [1, 20_000, 19_999, 19_998]);
  for (const symbol of [0, 1, 9_999, 19_999]) {
    assertEquals(counts.orders[1].count[counts.orders[1].find(0, symbol)!], 2);
  }
});

Deno.test("a bigram by hand", () => {
  // Bigrams 0-1 (3 times), 1-2 (2), 2-1 (1). Too small for Chen & Goodman's discounts, so D is
  // 0.5, 1 and 1.5. Continuations: 1 follows {0, 2}: 2; 2 follows {1}: 1; 0 starts: raw count 3.
  const model = new KneserNey(counted(2, [[0, 1, 2], [0, 1, 2, 1], [0, 1]]), 3);
  const unigram = (count: number, discount: number) => (count - discount) / 6 + 3 / 6 / 3;
  const after2 = (1 - 0.5) / 1 + 0.5 / 1 * unigram(2, 1);
  const { counts } = model;
  assertAlmostEquals(model.probability(counts.contextNodes([2]), 1), after2, 1e-6);
  assertAlmostEquals(model.probability([0], 2), unigram(1, 0.5), 1e-6);
});

Deno.test("probabilities after any context sum to one, seen or not", () => {
  const vocabulary = 20;
  const model = new KneserNey(counted(4, corpus(50, 40, 1)), vocabulary);
  for (const context of [[], [0], [1, 2], [0, 1, 2], [3, 3, 3], [19], [7, 1, 2, 3]]) {
    const nodes = model.counts.contextNodes(context);
    let sum = 0;
    for (let symbol = 0; symbol < vocabulary; symbol++) sum += model.probability(nodes, symbol);
    assertAlmostEquals(sum, 1, 1e-5, `context ${context}`);
  }
});

Deno.test("a longer context helps on unseen text from the same source", () => {
  const train = corpus(200, 60, 2), unseen = corpus(50, 60, 3);
  const bits = (order: number) => {
    const model = new KneserNey(counted(order, train), 20);
    const all = unseen.flatMap((symbols) => [...model.bits(symbols)]);
    assert(all.every((value) => value > 0));
    return all.reduce((a, b) => a + b) / all.length;
  };
  assertLess(bits(2), bits(1) - 1);
  assertLess(bits(3), bits(2));
});
