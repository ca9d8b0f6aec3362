import { assert, assertEquals, assertGreater } from "@std/assert";
import { misspell } from "../../pipeline/synthesize/misspell.ts";
import { Random } from "../../pipeline/synthesize/random.ts";

const prose = "the patient remained comfortable while receiving warfarin and breathing quietly. ";
const text = prose.repeat(400);
const spared = new Set(["warfarin"]);

Deno.test("typing errors come as often as asked, one letter off, first letters kept", () => {
  const typed = misspell(text, 800, spared, new Random(5));
  const before = text.split(" "), after = typed.split(" ");
  assertEquals(after.length, before.length);
  let slips = 0;
  for (const [at, word] of after.entries()) {
    if (word === before[at]) continue;
    slips++;
    assertEquals(word[0], before[at][0]);
    assert(before[at].length >= 6 && Math.abs(word.length - before[at].length) <= 1, word);
  }
  const expected = text.length / 800;
  // Some fall on words that cannot change (a drug, two equal letters swapped).
  assertGreater(slips, expected * 0.6);
  assert(slips < expected * 1.4, `${slips} of ${expected}`);
});

Deno.test("drugs, short words and capitals are typed right; some authors make no errors", () => {
  const typed = misspell(text, 30, spared, new Random(6));
  assertEquals(typed.match(/warfarin/g)!.length, 400);
  assertEquals(typed.match(/the /g)!.length, 400);
  assertEquals(
    misspell("DIABETES Diabetes a1c2345", 1, spared, new Random(1)),
    "DIABETES Diabetes a1c2345",
  );
  assertEquals(misspell(text, Infinity, spared, new Random(1)), text);
});
