import { assertAlmostEquals, assertEquals } from "@std/assert";
import { byPosition, bySection, tokenLengths } from "../../../pipeline/eval/measure/breakdown.ts";
import { codePoints } from "../../../pipeline/lib/gpt/scoring/documents.ts";
import { pieceTokenizer } from "../../helpers/tiny_language.ts";

/** A note in single characters, each as many bits as `bitsAt` says. */
const pieces = (text: string, bitsAt: (at: number) => number) => {
  const characters = codePoints(text);
  return {
    document: { tokens: new Uint16Array(characters), text, characters },
    bits: Array.from({ length: characters }, (_, at) => bitsAt(at)),
    lengths: new Uint8Array(characters).fill(1),
  };
};

Deno.test("each character counts for the section it is in, behind signs of four bytes too", () => {
  const note = "💊💊\nPLAN: rest"; // the header is the fourth code point, the sixth unit
  const [plan, before] = bySection([pieces(note, (at) => at < 3 ? 5 : 2), pieces(note, () => 2)]);
  assertEquals([plan.group, plan.characters, plan.bitsPerCharacter.value], ["PLAN", 20, 2]);
  assertEquals(before.group, "before the first header");
  assertEquals([before.characters, before.bitsPerCharacter.value], [6, 3.5]);
  assertEquals(before.bitsPerCharacter.notes, 2);
});

Deno.test("position is what stands before; a short note says nothing of far places", () => {
  const groups = byPosition([
    pieces("x".repeat(300), (at) => at < 250 ? 1 : 4),
    pieces("xx", () => 3),
  ]);
  assertEquals(groups.map(({ group, characters }) => [group, characters]), [
    ["0–249", 252],
    ["250–499", 50],
  ]);
  assertAlmostEquals(groups[0].bitsPerCharacter.value, 256 / 252);
  assertEquals([groups[1].bitsPerCharacter.value, groups[1].bitsPerCharacter.notes], [4, 1]);
});

Deno.test("the lengths of tokens add up to the text, also where one is part of a character", () => {
  const tokenizer = pieceTokenizer(["ab", " c"]);
  for (const text of ["ab c", "½ ab💊", ""]) {
    const lengths = tokenLengths(tokenizer.encode(text), tokenizer);
    assertEquals(lengths.reduce((a, b) => a + b, 0), codePoints(text));
  }
});
