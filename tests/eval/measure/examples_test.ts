import { assertEquals } from "@std/assert";
import { examplesOf } from "../../../pipeline/eval/measure/examples.ts";

Deno.test("examples show what stood before, what was shown and what really follows", async () => {
  const text = "no acute distress today";
  const growths = new Map([
    [0, [{ text: "yes", confidence: 0.6 }, { text: "yes and", confidence: 0.2 }]],
    [3, [{ text: "acute distress", confidence: 0.5 }]],
  ]);
  const passage = { from: 0, to: text.length };
  const { accepted, wrong } = await examplesOf([{ text, passage, growths }], 0.4);
  assertEquals(accepted, [{
    before: "no ",
    suggestion: "acute distress",
    confidence: 0.5,
    follows: "acute distress today",
  }]);
  assertEquals(wrong, [{
    before: "",
    suggestion: "yes",
    confidence: 0.6,
    follows: "no acute distre".slice(0, 15),
  }]);
});
