import { assertEquals } from "@std/assert";
import {
  type CutRules,
  findCut,
  isQuantity,
  sectionEnd,
} from "../../../../pipeline/lib/gpt/decode/policy.ts";
import { suggestDefaults } from "../../../../pipeline/lib/gpt/decode/suggest.ts";
import { endsWord, wordsOf } from "../../../../pipeline/lib/gpt/decode/words.ts";

Deno.test("words end before space, punctuation and the end, never inside a number", () => {
  const may = (text: string) => {
    const [before, after] = text.split("|");
    return endsWord(before.charCodeAt(0), after === "" ? -1 : after.charCodeAt(0));
  };
  for (const text of ["n| ", "n|\n", "n|.", "n|,", "n|:", "n|)", "5| ", "5|)", ".| ", "n|"]) {
    assertEquals(may(text), true, text);
  }
  for (const text of ["n|a", "1|,", "2|:", "1|.", "0|/", "x|-", " |a", "\n|a", "n|\xc3"]) {
    assertEquals(may(text), false, text);
  }
});

Deno.test("a word holds a letter or a digit", () => {
  assertEquals(wordsOf(" - no  fevers, ___ 37.5\n"), ["no", "fevers,", "37.5"]);
});

Deno.test("quantities: digits in the suggested part, units behind a number", () => {
  assertEquals(isQuantity("40", "40", "Lasix"), true);
  assertEquals(isQuantity("mg", "mg", "40"), true);
  assertEquals(isQuantity("g", "mg", "(40)"), true);
  assertEquals(isQuantity("mg", "mg", "Lasix"), false);
  assertEquals(isQuantity("-year-old", "45-year-old", "a"), false);
});

Deno.test("sections end at blank lines and before headers", () => {
  const kept = (text: string) => {
    const end = sectionEnd(text);
    return end < 0 ? text : text.slice(0, end);
  };
  assertEquals(kept(" fever\n \nSocial History:"), " fever");
  assertEquals(kept(" fever\nPhysical Exam:\nWell"), " fever");
  assertEquals(kept(" fever. PLAN: rest"), " fever. ");
  assertEquals(kept("Physical Exam:\nWell"), "Physical Exam:");
  assertEquals(kept("PHYSICAL EXAMINATION: Well"), "PHYSICAL EXAMINATION:");
  assertEquals(kept(" fever\nand chills"), " fever\nand chills");
  assertEquals(kept(" HEENT normal"), " HEENT normal");
});

Deno.test("cuts: redactions, lines, stops, the text behind the caret, loops", () => {
  const cut = (text: string, rules: Partial<CutRules> = {}) =>
    findCut(text, { ...suggestDefaults, before: "", ...rules });
  assertEquals(cut(" Dr. ___ saw"), { at: 5, reason: "redaction" });
  assertEquals(cut(" rest; home", { stop: [";"] }), { at: 5, reason: "stop" });
  assertEquals(cut(" pain and fever", { after: " and fever today" }), {
    at: 6,
    reason: "text_after",
  });
  assertEquals(cut(" pain a", { after: "and fever" }), undefined); // "a" is not "and"
  assertEquals(cut(" no pain, no pain, no"), { at: 10, reason: "repetition" });
  assertEquals(cut(" pain, no rash", { before: "has no rash, no" }), undefined);
  assertEquals(cut(" edema no", { before: "with no edema no" }), { at: 1, reason: "repetition" });
  assertEquals(cut(" was well"), undefined);
  assertEquals(cut(" was\r\nwell"), { at: 4, reason: "line" });
});
