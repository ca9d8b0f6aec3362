import { assertEquals } from "@std/assert";
import { leadingWord, wordsOf } from "../../pipeline/eval/words.ts";

Deno.test("words of a note, with their classes", () => {
  const words = wordsOf("Pt is a ___ y/o with follow-up; Lasix 40.5 mg q.i.d.");
  assertEquals(words.map(({ text }) => text), [
    "Pt",
    "is",
    "a",
    "___",
    "y/o",
    "with",
    "follow-up",
    "Lasix",
    "40.5",
    "mg",
    "q.i.d",
  ]);
  assertEquals(words.filter((word) => word.class !== "word").map((word) => word.class), [
    "redacted",
    "number",
  ]);
  assertEquals(words[4].start, 12);
});

Deno.test("the leading word is whole, or there is none", () => {
  assertEquals(leadingWord("follow-up, then"), "follow-up");
  assertEquals(leadingWord(" follow"), undefined);
  assertEquals(leadingWord(""), undefined);
});
