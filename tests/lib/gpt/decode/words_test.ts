import { assertEquals } from "@std/assert";
import { type CutRules, findCut, sectionEnd } from "../../../../pipeline/lib/gpt/decode/policy.ts";
import { suggestDefaults } from "../../../../pipeline/lib/gpt/decode/suggest.ts";
import { endsWord } from "../../../../pipeline/lib/gpt/decode/words.ts";

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

Deno.test("sections end at blank lines and before headers", () => {
  const kept = (text: string, before = "") => {
    const end = sectionEnd(text, before);
    return end < 0 ? text : text.slice(0, end);
  };
  assertEquals(kept(" fever\n \nSocial History:"), " fever");
  assertEquals(kept(" fever\nPhysical Exam:\nWell"), " fever");
  assertEquals(kept(" fever. PLAN: rest"), " fever. ");
  assertEquals(kept("Physical Exam:\nWell"), "Physical Exam:");
  assertEquals(kept("PHYSICAL EXAMINATION: Well"), "PHYSICAL EXAMINATION:");
  assertEquals(kept(" fever\nand chills"), " fever\nand chills");
  assertEquals(kept(" HEENT normal"), " HEENT normal");
  // In every script, and without a colon where it is capitals or a name that charts use.
  assertEquals(kept(" fièvre\nAntécédents :\nAucun"), " fièvre");
  assertEquals(kept(" wohl. BEFUNDE: gut"), " wohl. ");
  assertEquals(kept(" stable\nÉVOLUTION\nFavorable"), " stable");
  assertEquals(kept(" fever\nhpi:\nwell"), " fever");
  // What was typed of the header counts, and a header may be completed.
  assertEquals(kept("am:\nWell", "Stable.\nPhysical Ex"), "am:");
  assertEquals(kept("N: rest", "\nPLA"), "N:");
  assertEquals(kept("am:", "\nPhysical Ex"), "am:");
  assertEquals(kept(" rest at home", "\nPLAN:"), " rest at home");
  assertEquals(sectionEnd("PLAN:"), -1, "nothing to cut yet");
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
