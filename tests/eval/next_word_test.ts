import { assertEquals } from "@std/assert";
import { nextWords, sumNextWords } from "../../pipeline/eval/next_word.ts";
import { WordNgram } from "../../pipeline/eval/word_ngram.ts";
import { piecesOf } from "../../pipeline/eval/word_ngram.ts";

Deno.test("carets stand before words; ranks one and three are told apart; classes are kept", async () => {
  const carets: string[] = [];
  const scores = await nextWords("Pt seen, ___ given 40 mg", 1, (before) => {
    carets.push(before);
    return Promise.resolve(["mg", "given", "seen", "Pt"]);
  });
  assertEquals(carets, [
    "",
    "Pt ",
    "Pt seen, ",
    "Pt seen, ___ ",
    "Pt seen, ___ given ",
    "Pt seen, ___ given 40 ",
  ]);
  assertEquals(scores.word, { words: 4, top1: 1, top3: 3 });
  assertEquals(scores.number, { words: 1, top1: 0, top3: 0 });
  assertEquals(scores.redacted, { words: 1, top1: 0, top3: 0 });
  assertEquals(sumNextWords([scores, scores], "all"), { words: 12, top1: 2, top3: 6 });
});

Deno.test("a stride measures every n-th word", async () => {
  let asked = 0;
  await nextWords("one two three four five six seven", 3, () => {
    asked++;
    return Promise.resolve([]);
  });
  assertEquals(asked, 2);
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
