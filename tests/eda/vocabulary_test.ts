import { assertAlmostEquals, assertEquals } from "@std/assert";
import { VocabularyCounter } from "../../pipeline/eda/vocabulary.ts";
import { lowerWords } from "../../pipeline/eda/shared.ts";
import { vocabularyReport } from "../../pipeline/eda/vocabulary_report.ts";
import { wordAt, WordCounter } from "../../pipeline/eda/word_counter.ts";

/** As if five patients shared everything. */
const everything = { word: () => true, character: () => true, piece: () => true };

const encoder = new TextEncoder();
const bytes = (text: string) => encoder.encode(text);

/** Counts each group of texts in a counter of its own, as workers do. */
function count(...groups: string[][]) {
  const notes = groups.flat().length;
  const perNote = new Uint32Array(notes);
  let note = 0;
  const parts = groups.map((texts) => {
    const counter = new VocabularyCounter();
    for (const text of texts) perNote[note] = counter.add(bytes(text), note++).words;
    return counter.part();
  });
  return vocabularyReport(parts, perNote, everything);
}

/** What the counter has to agree with, by means of strings. */
function plainCount(texts: string[]) {
  const words = new Map<string, number>(), raw = new Map<string, number>();
  for (const text of texts) {
    for (const word of lowerWords(text)) {
      words.set(word, (words.get(word) ?? 0) + 1);
    }
    for (const word of text.match(/\S+/g) ?? []) raw.set(word, (raw.get(word) ?? 0) + 1);
  }
  return { words, raw };
}

const notes = [
  "Pt. is a ___ y/o F with CHF, COPD; pt's BP 107/61.\nHgb-11.9* on 06:20AM",
  "Le café était naïf: 38.5°C, µg – “quoted” 'so' it's.",
  "pt is stable.  PT IS STABLE.\n\n\tpt",
  "follow-up q.i.d. 10,000 at 12:30, w/o 1:a ,5 ___ ___a É-é İX ΣΑΣ ½/½ 頭痛、发烧 x’s- -y 'z 'n'",
  "",
];

Deno.test("words, raw words and hapaxes agree with counting strings", () => {
  const { words, raw } = plainCount(notes);
  const report = count(notes);
  const total = (map: Map<string, number>) => [...map.values()].reduce((a, b) => a + b, 0);
  assertEquals(report.words.distinct, words.size);
  assertEquals(report.words.total, total(words));
  assertEquals(report.words.hapaxes, [...words.values()].filter((n) => n === 1).length);
  assertEquals(report.raw_words, { total: total(raw), distinct: raw.size });
  for (const { word, count } of report.top_words) assertEquals(count, words.get(word), word);
  assertEquals(report.top_words[0].word, "pt");
});

Deno.test("characters are counted by code point", () => {
  const report = count(["aaé", "é😀\n"]);
  assertEquals(report.characters, { total: 6, distinct: 4, ascii_distinct: 2 });
  assertEquals(report.other_characters, [
    { character: "é", code: "U+00E9", count: 2 },
    { character: "😀", code: "U+1F600", count: 1 },
  ]);
});

Deno.test("the report does not depend on how notes are dealt to workers", () => {
  const texts = Array.from(
    { length: 40 },
    (_, n) => `note ${n} w${n % 7} x${n * n} and ${notes[n % 5]}`,
  );
  const whole = count(texts);
  assertEquals(count(texts.slice(0, 11), texts.slice(11)), whole);
  assertEquals(count(texts.slice(0, 1), texts.slice(1, 30), texts.slice(30)), whole);
});

Deno.test("coverage, Zipf and Heaps on a corpus whose answer is known", () => {
  // Word k of 1..100 occurs 100/k times, rounded: 50 words of them at least twice.
  const words = Array.from(
    { length: 100 },
    (_, k) => Array(Math.round(100 / (k + 1))).fill(`w${k}`),
  ).flat();
  const report = count([words.join(" ")]);
  assertEquals(report.words.total, words.length);
  let covered = 0, needed = 0;
  while (covered < 0.9 * words.length) covered += Math.round(100 / ++needed);
  assertEquals(report.coverage.find(({ share }) => share === 0.9)!.words, needed);
  assertEquals(report.zipf[0], { rank: 1, count: 100 });
  assertAlmostEquals(report.zipf_exponent!, -1, 0.1);
  assertEquals(report.heaps.at(-1), { words: words.length, distinct: 100 });
});

Deno.test("the word counter keeps every word through growth and merging", () => {
  const table = new WordCounter(), other = new WordCounter();
  const expected = new Map<string, number>();
  const counter = new VocabularyCounter();
  for (let n = 0; n < 60_000; n++) {
    const word = `w${n * 7919 % 30_011}`;
    expected.set(word, (expected.get(word) ?? 0) + 1);
    counter.add(bytes(word), n);
  }
  const { words } = counter.part();
  table.merge(words);
  other.merge(words);
  table.merge(other.take());
  assertEquals(other.size, 0);
  const merged = table.take();
  assertEquals(merged.counts.length, expected.size);
  for (let index = 0; index < merged.counts.length; index += 97) {
    assertEquals(merged.counts[index], 2 * expected.get(wordAt(merged, index))!);
  }
});
