import { assertAlmostEquals, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { NgramModel, readNgramTable } from "../../../../pipeline/lib/gpt/decode/ngram.ts";
import { NgramCounts } from "../../../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable, writeNgramTable } from "../../../../pipeline/lib/gpt/ngram/table.ts";

const VOCABULARY = 40;

/** 60 notes of 20 patients; every third note holds a phrase that only patient 7 has. */
function model(order: number): KneserNey {
  const counts = new NgramCounts(order);
  let state = 5;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  for (let note = 0; note < 60; note++) {
    const patient = Math.floor(note / 3);
    const symbols = [
      0,
      ...Array.from({ length: 30 }, (_, i) => random(8) ? 1 + i % 5 : 6 + random(8)),
    ];
    if (patient === 7) symbols.push(30, 31, 32, 33, 34);
    counts.addSequence(symbols, patient);
  }
  return new KneserNey(counts, VOCABULARY);
}

Deno.test("unpruned, the table gives Kneser-Ney's probabilities to its quantization", () => {
  const full = model(4);
  const table = new NgramModel(readNgramTable(writeNgramTable(pruneToTable(full, 0, 1))));
  for (const context of [[], [0], [0, 1, 2], [3, 4, 5], [30, 31, 32], [1, 2, 39]]) {
    const { probabilities } = table.predict(context);
    const nodes = full.counts.contextNodes(context);
    for (let symbol = 0; symbol < VOCABULARY; symbol++) {
      assertAlmostEquals(probabilities[symbol], full.probability(nodes, symbol), 2e-3);
    }
  }
});

Deno.test("pruned or not, probabilities sum to one after any context", () => {
  for (const minPatients of [1, 3, 100]) {
    const table = new NgramModel(pruneToTable(model(5), 0, minPatients));
    for (const context of [[], [0], [1, 2, 3, 4], [30, 31, 32], [39, 39]]) {
      const sum = table.predict(context).probabilities.reduce((a, b) => a + b, 0);
      assertAlmostEquals(sum, 1, 1e-4);
    }
  }
});

Deno.test("a phrase of one patient cannot be read out of the pruned table", () => {
  const open = new NgramModel(pruneToTable(model(4), 0, 1));
  const closed = new NgramModel(pruneToTable(model(4), 0, 2));
  const phrase = [30, 31, 32, 33];
  assertGreater(open.predict(phrase).probabilities[34], 0.5);
  const { probabilities, matched } = closed.predict(phrase);
  assertEquals(matched, 0, "no context of the phrase is known");
  assertEquals(probabilities[34] < 0.01, true);
  const table = pruneToTable(model(4), 0, 2);
  const rare = table.orders.slice(1).flatMap(({ token }) => [...token]).filter((id) => id >= 30);
  assertEquals(rare, []);
});

Deno.test("how much of the context is known, and how sure the table is, is told", () => {
  const table = new NgramModel(pruneToTable(model(4), 0, 2));
  const known = table.predict([1, 2, 3]), unknown = table.predict([39]);
  assertEquals([known.matched, unknown.matched], [3, 0]);
  assertEquals(known.peak, Math.max(...known.probabilities));
  assertGreater(known.peak, 2 * unknown.peak);
});

Deno.test("foreign and cut files are refused", () => {
  const bytes = writeNgramTable(pruneToTable(model(3), 0, 1));
  assertThrows(() => readNgramTable(bytes.subarray(0, bytes.length - 4)), TypeError, "cut short");
  assertThrows(() => readNgramTable(new Uint8Array(64)), TypeError, "magic 0");
  assertThrows(() => readNgramTable(bytes.subarray(0, 8)), TypeError, "shorter than a header");
  // A table inside a bundle need not be aligned.
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assertEquals(readNgramTable(shifted.subarray(1)), readNgramTable(bytes));
});
