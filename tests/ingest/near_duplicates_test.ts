import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Scans } from "../../pipeline/ingest/clean/scans.ts";
import { HashTable } from "../../pipeline/ingest/identity/hash_table.ts";
import {
  estimateSimilarity as estimate,
  NearDuplicates,
} from "../../pipeline/ingest/identity/near_duplicates.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const estimateSimilarity = (a: string, b: string) => estimate(utf8(a), utf8(b), scans);
const scans = await Scans.load();

let state = 1;
const random = (below: number) => {
  state = Math.imul(state, 1664525) + 1013904223 >>> 0;
  return Math.floor(state / 2 ** 32 * below);
};
const words = (count: number) => Array.from({ length: count }, () => `w${random(5000)}`);

function jaccard(a: string[], b: string[]): number {
  const shingles = (list: string[]) =>
    new Set(list.slice(4).map((_, i) => list.slice(i, i + 5).join(" ")));
  const first = shingles(a), second = shingles(b);
  return first.intersection(second).size / first.union(second).size;
}

Deno.test("the estimate follows the Jaccard index of runs of five words", () => {
  for (const changed of [0, 3, 10, 40, 200]) {
    const original = words(1500);
    const copy = original.slice();
    for (let n = 0; n < changed; n++) copy[random(copy.length)] = `new${n}`;
    const estimate = estimateSimilarity(original.join(" "), copy.join("\n"));
    // 128 bins: the standard error is at most 0.045.
    assertAlmostEquals(estimate, jaccard(original, copy), 0.15, `${changed} words changed`);
  }
  assertEquals(estimateSimilarity(words(400).join(" "), words(400).join(" ")) < 0.05, true);
});

Deno.test("case, spacing and punctuation make no difference", () => {
  const text = words(100).join(" ");
  assertEquals(estimateSimilarity(text, text.toUpperCase().replaceAll(" ", ",\n")), 1);
});

Deno.test("a near copy is found and says of which note; others pass", () => {
  const seen = new NearDuplicates(0.9, scans);
  const notes = Array.from({ length: 300 }, () => words(600));
  for (const note of notes) assertEquals(seen.add(utf8(note.join(" "))), undefined);
  for (const earlier of [0, 17, 299]) {
    const copy = notes[earlier].slice();
    copy[random(600)] = "changed";
    const found = seen.add(utf8(copy.join(" ")));
    assertEquals(found?.of, earlier);
    assert(found!.similarity >= 0.9);
  }
});

Deno.test("short notes are left to the comparison for equality", () => {
  const seen = new NearDuplicates(0.9, scans);
  assertEquals(seen.add(utf8("No acute process.")), undefined);
  assertEquals(seen.add(utf8("No acute process.")), undefined);
});

Deno.test("short notes that differ in a few words are never taken for one", () => {
  for (const length of [30, 60, 120, 400]) {
    for (let trial = 0; trial < 100; trial++) {
      const original = words(length);
      const copy = original.slice();
      for (let n = 0; n < length / 10; n++) copy[random(length)] = `other${n}`;
      if (jaccard(original, copy) > 0.75) continue;
      const seen = new NearDuplicates(0.9, scans);
      seen.add(utf8(original.join(" ")));
      assertEquals(seen.add(utf8(copy.join(" "))), undefined, `${length} words, trial ${trial}`);
    }
  }
});

Deno.test("flowsheets that share most of their rows are not taken for one, nor is a copy missed", () => {
  const sheet = (rows: string[][]) => utf8(Array(60).fill(rows.flat().join(" ")).join("\n"));
  for (let trial = 0; trial < 100; trial++) {
    const rows = Array.from({ length: 10 }, () => words(4));
    const others = rows.map((row, n) => n < 3 ? words(4) : row);
    const seen = new NearDuplicates(0.9, scans);
    assertEquals(seen.add(sheet(rows)), undefined);
    assertEquals(seen.add(sheet(others)), undefined, `trial ${trial}, three rows of ten differ`);
    assertEquals(seen.add(sheet(others)), { of: 1, similarity: 1 });
  }
});

Deno.test("the hash table keeps the first value of each key, through growth", () => {
  const table = new HashTable();
  const expected = new Map<number, number>();
  for (let n = 0; n < 200_000; n++) {
    const key = 1 + random(150_000) * 7;
    if (!expected.has(key)) expected.set(key, n);
    table.setIfAbsent(key, n);
  }
  for (const [key, value] of expected) assertEquals(table.get(key), value);
  assertEquals(table.get(2), undefined);
});
