import { assertEquals } from "@std/assert";
import { leadingWord, placedWords, wordsOf } from "../../../pipeline/lib/clinical/words.ts";

Deno.test("words hold letters or digits of any script; what joins them lies inside", () => {
  assertEquals(wordsOf(" - no  fevers, ___ 37.5\n"), ["no", "fevers", "37.5"]);
  assertEquals(wordsOf("q.i.d. w/o follow-up; it’s 10,000 at 12:30: well"), [
    "q.i.d",
    "w/o",
    "follow-up",
    "it’s",
    "10,000",
    "at",
    "12:30",
    "well",
  ]);
  assertEquals(wordsOf("Évolution: été, Größe ü\u0308ber 頭痛"), [
    "Évolution",
    "été",
    "Größe",
    "ü\u0308ber",
    "頭痛",
  ]);
});

Deno.test("places are those in the text, redactions among them", () => {
  assertEquals(placedWords("Dr. ___, 81mg"), [
    { text: "Dr", start: 0 },
    { text: "___", start: 4 },
    { text: "81mg", start: 9 },
  ]);
});

Deno.test("the leading word is whole, or there is none", () => {
  assertEquals(leadingWord("follow-up, then"), "follow-up");
  assertEquals(leadingWord(" follow"), undefined);
  assertEquals(leadingWord(""), undefined);
});
