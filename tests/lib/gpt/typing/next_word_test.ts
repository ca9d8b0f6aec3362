import { assertEquals } from "@std/assert";
import { nextWordResult } from "../../../../pipeline/eval/measure/figures.ts";
import { rankWord, wordSamples } from "../../../../pipeline/lib/gpt/typing/next_word.ts";
import { piecesOf, WordNgram } from "../../../../pipeline/lib/gpt/ngram/word_ngram.ts";

const whole = (text: string) => ({ from: 0, to: text.length });

Deno.test("a word is asked for at its beginning and after one, two and three letters", async () => {
  const note = "Pt seen, ___ given 40 mg";
  const samples = wordSamples(note, whole(note), 1, (word) => word !== "given");
  const carets: [string, string][] = [];
  const ranked = [];
  for (const sample of samples) {
    ranked.push(
      await rankWord(note, sample, (before, typed) => {
        carets.push([before, typed]);
        return Promise.resolve(["mg", "given", "seen", "Pt"].filter((w) => w.startsWith(typed)));
      }),
    );
  }
  assertEquals(carets.slice(0, 3), [["", ""], ["P", "P"], ["Pt ", ""]]);
  assertEquals(carets.some(([before]) => before.endsWith("_")), false);
  assertEquals(ranked.map(({ ranks }) => ranks), [
    [0, 1, undefined, undefined], // fourth of all, first of those with a P
    [3, 1, 1, 1],
    [0, undefined, undefined, undefined], // ___ is never typed
    [2, 1, 1, 1],
    [0, 0, undefined, undefined],
    [1, 1, undefined, undefined],
  ]);
  const result = nextWordResult([{ words: ranked }]);
  assertEquals([result.words, result.top1.value, result.top3.value], [5, 1 / 5, 3 / 5]);
  assertEquals(result.midWord.map(({ words }) => words), [5, 2, 2]);
  assertEquals(result.midWord[0].top1.value, 4 / 5);
  // ___ is counted apart.
  assertEquals(result.byClass.redacted, { words: 1, top1: 0, top3: 0 });
  assertEquals(result.byClass.medication, { words: 3, top1: 1, top3: 2 });
  assertEquals(result.outOfVocabulary?.share.value, 1 / 5);
  assertEquals(result.outOfVocabulary?.top3, 1);
});

Deno.test("a stride takes every n-th word of the passage", () => {
  const note = "one two three four five six seven";
  assertEquals(wordSamples(note, whole(note), 3).map(({ text }) => text), ["two", "five"]);
});

const notes = [
  "The patient was given aspirin 81 mg daily.",
  "The patient was given heparin.",
  "The patient was given aspirin 81 mg.\n\nPLAN: rest.",
  "A nurse was called.",
];

Deno.test("pieces of a text join to the text", () => {
  for (const text of [...notes, "", "  \n", "a  b\t\nc ", "½–💊 x/y 1.5"]) {
    assertEquals(piecesOf(text).join(""), text);
  }
});

Deno.test("a word n-gram ranks by context, completes what is typed, and stops when unsure", () => {
  const ngram = new WordNgram(notes, 5);
  assertEquals(ngram.nextWords("The patient was given ", 1), ["aspirin"]);
  assertEquals(ngram.nextWords("The patient w", 1, "w"), ["was"]);
  assertEquals(ngram.next("The patient was", 1)[0].text, " given");
  const growth = ngram.growth("The patient was given a", 0.2, 3);
  assertEquals(growth.at(-1)?.text, "spirin 81 mg");
  assertEquals(growth.map(({ text }) => text)[0], "spirin");
  for (let end = 1; end < growth.length; end++) {
    assertEquals(growth[end].confidence <= growth[end - 1].confidence, true);
  }
  assertEquals(ngram.growth("zzz q", 0.2, 3), []);
});

Deno.test("what de-identification removed is never offered", () => {
  const ngram = new WordNgram(["Dear Ms. ___, rest.", "Dear Ms. ___, rest."], 3);
  assertEquals(ngram.nextWords("Dear Ms. ", 3).includes("___"), false);
  assertEquals(ngram.growth("Dear Ms.", 0.1, 4).some(({ text }) => text.includes("_")), false);
});

Deno.test("a unigram ignores the context", () => {
  const ngram = new WordNgram(notes, 1);
  assertEquals(ngram.nextWords("The ", 3), ngram.nextWords("The patient was given aspirin ", 3));
  assertEquals(ngram.nextWords("The ", 3).length, 3);
});
