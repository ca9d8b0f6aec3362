import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CalibratedSystem } from "../../pipeline/artifacts/calibration.ts";
import { calibrated, chooseServed } from "../../pipeline/calibrate/choose.ts";
import type { ThresholdTyping } from "../../pipeline/lib/gpt/typing/thresholds.ts";
import { tinySystem } from "../helpers/tiny_calibration.ts";

/** What the typist did with 100 characters at one threshold. */
const typing = (keystrokes: number, read: number): ThresholdTyping => {
  const whole = {
    characters: 100,
    keystrokes,
    shown: read,
    read,
    accepted: read,
    acceptedCharacters: 5 * read,
  };
  return {
    whole,
    byWord: whole,
    claims: { confidence: new Float32Array(), right: new Uint8Array() },
  };
};

Deno.test("a system is shown from the confidence at which it saves most net of reading", () => {
  const notes = [0, 1].map(() => ({ typings: [typing(60, 40), typing(70, 10), typing(95, 0)] }));
  const of = (readingCost: number) =>
    calibrated({ name: "GPT", kind: "gpt" }, notes, readingCost, [0.2, 0.5, 0.9]);
  const { best, mostSavings, netSavings, curve } = of(0.5);
  assertEquals([best, mostSavings, netSavings.value], [0.5, 0.2, 0.25]);
  assertEquals(curve.map(({ threshold }) => threshold), [0.2, 0.5, 0.9]);
  assertEquals([of(0).best, of(10).best], [0.2, 0.9]);
});

const system = (name: string, kind: "gpt" | "gpt+mixture", net: number): CalibratedSystem => ({
  ...tinySystem(name, kind, kind === "gpt" ? 0.4 : 0.2),
  netSavings: { value: net, low: 0, high: 1, notes: 4 },
});

Deno.test("n-grams are served where they save bits and typing, otherwise the GPT alone", () => {
  const choose = (bits: number, net: number) =>
    chooseServed(
      [system("GPT", "gpt", 0.2), system("GPT + n-grams", "gpt+mixture", net)],
      { gpt: 1.5, mixture: bits },
    );
  assertEquals(choose(1.2, 0.3), {
    system: "GPT + n-grams",
    kind: "gpt+mixture",
    minConfidence: 0.2,
    why: "the n-grams pay: 1.200 instead of 1.500 bits per character, 30.0% instead of 20.0% of " +
      "keystrokes saved net of reading (validation notes)",
  });
  const few = choose(1.49, 0.3);
  assertEquals([few.system, few.minConfidence], ["GPT", 0.4]);
  assertStringIncludes(few.why, "the n-grams do not pay: 1.490 instead of 1.500 bits");
  const costly = choose(1.2, 0.19);
  assertEquals(costly.kind, "gpt");
  assertStringIncludes(costly.why, "the n-grams save no typing: 19.0% instead of 20.0%");
  assertEquals(choose(NaN, 0.3).kind, "gpt");
});
