import { assertEquals } from "@std/assert";
import {
  type Growth,
  shownAt,
  thresholds,
  typeAtThresholds,
} from "../../../../pipeline/lib/gpt/typing/thresholds.ts";
import { typeNote } from "../../../../pipeline/lib/gpt/typing/typist.ts";

const growths = new Map<number, Growth>([
  [0, [{ text: "no", confidence: 0.85 }, { text: "no acute", confidence: 0.45 }]],
  [2, [{ text: " chronic", confidence: 0.35 }]],
]);

Deno.test("the longest text that is confident enough is shown", () => {
  const growth = growths.get(0)!;
  assertEquals(shownAt(growth, 0.3)?.text, "no acute");
  assertEquals(shownAt(growth, 0.5)?.text, "no");
  assertEquals(shownAt(growth, 0.9), undefined);
});

Deno.test("each threshold's figures are those of a typist with that threshold alone", async () => {
  const note = "no acute pain";
  const typings = await typeAtThresholds(note, growths);
  for (const [index, least] of thresholds.entries()) {
    const suggest = (before: string) => shownAt(growths.get(before.length) ?? [], least)?.text;
    assertEquals(typings[index].whole, await typeNote(note, suggest), `threshold ${least}`);
    const byWord = await typeNote(note, suggest, undefined, { byWord: true });
    assertEquals(typings[index].byWord, byWord, `threshold ${least}`);
  }
  assertEquals(typings[0].whole.keystrokes, 6);
  assertEquals(typings.at(-1)!.whole.keystrokes, 13);
});

Deno.test("a claim is right if all of it follows and a word ends there", async () => {
  const shown = (note: string, text: string) =>
    typeAtThresholds(note, new Map([[0, [{ text, confidence: 0.5 }]]]), undefined, [0.5]);
  const rightness = async (
    note: string,
    text: string,
  ) => [...(await shown(note, text))[0].claims.right];
  assertEquals(await rightness("acute pain", "acute"), [1]);
  assertEquals(await rightness("acutely ill", "acute"), [0]);
  assertEquals(await rightness("chronic", "acute"), [0]);
  assertEquals([...(await shown("acute", "acute"))[0].claims.confidence], [0.5]);
  // It is not accepted where the passage ends before it does, but it is right all the same.
  const growths = new Map([[0, [{ text: "acute pain", confidence: 0.5 }]]]);
  const [{ whole, claims }] = await typeAtThresholds("acute pain", growths, { from: 0, to: 6 }, [
    0.5,
  ]);
  assertEquals([whole.accepted, ...claims.right], [0, 1]);
});
