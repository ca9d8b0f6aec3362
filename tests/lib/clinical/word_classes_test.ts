import { assertEquals } from "@std/assert";
import { classifiedWords } from "../../../pipeline/lib/clinical/word_classes.ts";

Deno.test("words of a note, with their classes", () => {
  const words = classifiedWords("Pt is a ___ y/o with follow-up; Lasix 40.5 mg q.i.d.");
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
    "medication",
    "medication",
    "medication",
  ]);
  assertEquals(words[4].start, 12);
});

Deno.test("drugs, doses, lab values and numbers are told apart by their form", () => {
  const classes = (text: string) =>
    Object.fromEntries(classifiedWords(text).map(({ text, class: kind }) => [text, kind]));
  assertEquals(classes("Continue metoprolol for 3 days"), {
    Continue: "word",
    metoprolol: "medication",
    for: "word",
    3: "number",
    days: "word",
  });
  assertEquals(classes("Potassium was 4.1, Hgb-9.1, BP 120/80, aged 80"), {
    Potassium: "word",
    was: "word",
    "4.1": "lab",
    "Hgb-9.1": "lab",
    BP: "word",
    "120/80": "lab",
    aged: "word",
    80: "number",
  });
  assertEquals(classes("Zyx 25mg daily"), {
    Zyx: "medication",
    "25mg": "medication",
    daily: "word",
  });
});

Deno.test("doses are counted in more than milligrams, and sizes are none", () => {
  const kinds = (text: string) => classifiedWords(text).map(({ class: kind }) => kind);
  assertEquals(kinds("Zyx 2 patches"), ["medication", "medication", "medication"]);
  assertEquals(kinds("Zyx 3 Tropfen"), ["medication", "medication", "medication"]);
  assertEquals(kinds("mass 3 cm"), ["word", "number", "word"]);
});
