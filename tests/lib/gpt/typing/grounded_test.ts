import { assertAlmostEquals, assertEquals } from "@std/assert";
import { createContext } from "../../../../pipeline/lib/gpt/decode/context/context.ts";
import { standsIn } from "../../../../pipeline/lib/gpt/decode/context/grounding.ts";
import { Vocabulary } from "../../../../pipeline/lib/gpt/decode/vocabulary.ts";
import { groundingOf, type Shown } from "../../../../pipeline/lib/gpt/typing/grounded.ts";
import { pieceTokenizer } from "../../../helpers/tiny_language.ts";

const tokenizer = pieceTokenizer([]);
const context = createContext(
  [{ source: "", kind: "medications", date: "", text: "She takes warfarin 5 mg daily" }],
  tokenizer,
  new Vocabulary(tokenizer),
);

Deno.test("what stands in the context word for word: four words in a row, in any case", () => {
  const note = "Now she takes WARFARIN 5 mg, but takes no aspirin.";
  const marks = standsIn(context, note, 4);
  const marked = [...note].filter((_, at) => marks[at]).join("");
  assertEquals(marked, "she takes WARFARIN 5 mg");
});

Deno.test("numbers, sources, and the keys for what the context does not hold", () => {
  const note = "Home: she takes warfarin 5 mg daily. Walks 2 miles.\n1. Gout";
  const at = (text: string) => note.indexOf(text);
  const shown = new Map<number, Shown>([
    [at(" 5 mg"), { text: " 5 mg daily", right: true, isNew: true }],
    [at(" 2 miles"), { text: " 20 miles", right: false, isNew: true }],
    // The number of a list's item is neither a dose nor a value.
    [at("1. Gout"), { text: "1. Fever", right: false, isNew: true }],
  ]);
  const found = groundingOf(note, { from: 0, to: note.length }, shown, context);
  assertEquals([found.numbers, found.rightNumbers], [2, 1]);
  assertEquals(found.accepted, " 5 mg daily".length);
  assertAlmostEquals(found.copied.medications!, " 5 mg daily".length, 1e-9);
  const stands = "she takes warfarin 5 mg daily".length;
  assertEquals(found.rest.characters, note.length - stands);
  assertAlmostEquals(found.rest.keystrokes, note.length - stands, 1);
});
