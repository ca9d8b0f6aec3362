import { assert, assertEquals } from "@std/assert";
import { spokenNumber } from "../../../../../pipeline/lib/gpt/decode/context/number_words.ts";
import { spokenRules } from "../../../../../pipeline/lib/gpt/decode/context/spoken_rules.ts";
import {
  rewritten,
  writtenConversation,
} from "../../../../../pipeline/lib/gpt/decode/context/written.ts";

const anyone = (text: string) => rewritten(text, spokenRules[""]);
const lines = (text: string) => writtenConversation(text).map((line) => line.text);

Deno.test("spoken numbers become digits", () => {
  const cases: [string, string, number][] = [
    ["twenty", "20", 1],
    ["twenty-five", "25", 1],
    ["twenty five", "25", 2],
    ["two hundred", "200", 2],
    ["one hundred and fifty", "150", 4],
    ["two thousand five hundred", "2500", 4],
    ["one thirty", "130", 2],
    ["one", "", 0],
    ["hundreds", "", 0],
    ["five six", "5", 1],
    ["sixty seventy", "60", 1],
  ];
  for (const [spoken, digits, length] of cases) {
    assertEquals(spokenNumber(spoken.split(" "), 0), { digits, length }, spoken);
  }
});

Deno.test("doses and frequencies as they are written, in both ways that notes have", () => {
  assertEquals(anyone("two hundred milligrams twice a day"), [
    "200 mg twice daily",
    "200 mg BID",
  ]);
  assertEquals(anyone("twelve point five milligrams every day"), ["12.5 mg daily"]);
  assertEquals(anyone("one thirty over eighty"), ["130/80"]);
  assertEquals(anyone("every six hours as needed"), [
    "every 6 hours as needed",
    "Q6H PRN",
  ]);
  assertEquals(anyone("a 61 year old man"), ["a 61-year-old man"]);
});

Deno.test("what a patient says of himself is written in the third person", () => {
  assertEquals(lines("[patient] i'm having uh trouble sleeping ."), ["reports trouble sleeping."]);
  assertEquals(lines("Patient: I take metformin."), ["takes metformin."]);
  // Of the doctor the same words mean something else.
  assertEquals(lines("[doctor] i take it that you sleep badly ."), [
    "i take it that you sleep badly.",
  ]);
});

Deno.test("a question that is answered with no becomes a denial", () => {
  const text = "[doctor] any fever or chills ?\n[patient] no .\n[doctor] do you have any rash ?\n" +
    "[patient] yes , since monday .";
  const found = lines(text);
  assert(found.includes("denies fever or chills"), found.join("|"));
  assert(!found.some((line) => line.includes("denies rash")), found.join("|"));
});

Deno.test("each line names the line of the conversation that it comes from", () => {
  const text = "[doctor] hello .\n\n[patient] i feel dizzy .";
  assertEquals(writtenConversation(text).map(({ line }) => line), [0, 2, 2]);
});

Deno.test("names keep their capitals inside a sentence", () => {
  assertEquals(lines("We started Lasix for her."), ["we started Lasix for her."]);
});
