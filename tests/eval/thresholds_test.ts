import { assertEquals } from "@std/assert";
import {
  type Growth,
  shownAt,
  thresholds,
  typeAtThresholds,
} from "../../pipeline/eval/thresholds.ts";
import { typeNote } from "../../pipeline/eval/typist.ts";

const grow = (before: string): Growth => {
  if (before === "") {
    return [{ text: "no", confidence: 0.85 }, { text: "no acute", confidence: 0.45 }];
  }
  if (before === "no") return [{ text: " chronic", confidence: 0.35 }];
  return [];
};

Deno.test("the longest text that is confident enough is shown", () => {
  assertEquals(shownAt(grow(""), 0.3), "no acute");
  assertEquals(shownAt(grow(""), 0.5), "no");
  assertEquals(shownAt(grow(""), 0.9), undefined);
});

Deno.test("each threshold's figures are those of a typist with that threshold alone", async () => {
  const note = "no acute pain";
  const carets: string[] = [];
  const typings = await typeAtThresholds(note, (before) => {
    carets.push(before);
    return Promise.resolve(grow(before));
  });
  for (const [index, least] of thresholds.entries()) {
    const alone = await typeNote(note, (before) => Promise.resolve(shownAt(grow(before), least)));
    assertEquals(typings[index], alone, `threshold ${least}`);
  }
  assertEquals(typings[0].keystrokes, 6);
  assertEquals(typings.at(-1)!.keystrokes, 13);
  assertEquals(new Set(carets).size, carets.length, "each caret is decoded once");
});
