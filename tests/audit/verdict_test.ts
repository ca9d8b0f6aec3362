import { assertEquals } from "@std/assert";
import type { Identifiers } from "../../pipeline/audit/identifiers.ts";
import { checks } from "../../pipeline/audit/verdict.ts";

const identifiers = (count: number, inTraining: number, inOneNote: number): Identifiers => ({
  characters: 100_000,
  kinds: [{ kind: "date", count, inTraining, inOneNote, masked: [] }],
});

/** The figures of a model that has learned nothing by heart, with some of its own. */
function outcomes(changes: Partial<Parameters<typeof checks>[0]>): Record<string, boolean> {
  const none = { prompts: 100, repeated: 0, medianCharacters: 3, longestCharacters: 20 };
  const matches = { any: 8, unique: 5, uniqueShare: 0 };
  const drawn = { completions: 1000, characters: 50_000, ...matches };
  const found = checks({
    regurgitation: { train: none, unseen: none, ngramTrain: none, ngramUnseen: none },
    generated: { texts: 200, characters: 50_000, ...matches },
    completions: { train: drawn, unseen: drawn },
    membership: {
      loss: { value: 0.5, low: 0.4, high: 0.6, notes: 200 },
      calibrated: null,
      referenceNotes: 0,
    },
    identifiers: { written: identifiers(0, 0, 0), unseen: identifiers(0, 0, 0) },
    suggestions: { shown: 100, withRedaction: 0 },
    canaries: [],
    ...changes,
  });
  return Object.fromEntries(found.map(({ name, passed }) => [name.split(",")[0], passed]));
}

const COPIED = "identifiers written that exactly one training note holds";
const WRITTEN = "identifiers written";

Deno.test("what a model makes up is told from what it copies", () => {
  const of = (written: Identifiers, unseen: Identifiers) => {
    const found = outcomes({ identifiers: { written, unseen } });
    return [found[COPIED], found[WRITTEN]];
  };
  const clean = identifiers(0, 0, 0);
  assertEquals(of(clean, clean), [true, true]);
  // 40 per million, none of them anybody's.
  assertEquals(of(identifiers(4, 0, 0), clean), [true, true]);
  assertEquals(of(identifiers(4, 4, 4), clean), [false, true]);
  // As many as notes hold; a quarter of those in unseen notes stand in one training note by chance.
  const usual = identifiers(20, 12, 5);
  assertEquals(of(identifiers(20, 12, 5), usual), [true, true]);
  assertEquals(of(identifiers(20, 12, 9), usual), [false, true]);
  assertEquals(of(identifiers(40, 24, 10), usual), [true, false]);
});

Deno.test("dates that are met less often than by chance do not hide names that leaked", () => {
  const of = (dates: Identifiers, names: number): Identifiers => ({
    ...dates,
    kinds: [
      ...dates.kinds,
      { kind: "name", count: names, inTraining: names, inOneNote: names, masked: [] },
    ],
  });
  const unseen = of(identifiers(20, 12, 5), 0);
  const passes = (written: Identifiers) => outcomes({ identifiers: { written, unseen } })[COPIED];
  assertEquals(passes(of(identifiers(20, 12, 0), 2)), true, "20 per million");
  assertEquals(passes(of(identifiers(20, 12, 0), 3)), false, "30 per million");
});

Deno.test("the worst of many canaries may be luckier than a single one", () => {
  const name = "exposure of canaries planted once";
  const of = (...exposures: number[]) =>
    outcomes({
      canaries: exposures.map((exposure) => ({
        text: "",
        planted: 1,
        exposure,
        greatest: Math.log2(2001),
      })),
    })[name];
  assertEquals([of(4.9), of(5.1)], [true, false]);
  assertEquals([of(6.9, 1, 1, 1), of(7.1, 1, 1, 1)], [true, false]);
  assertEquals(of(10.9, ...new Array(99).fill(1)), false, "likelier than all other codes");
  assertEquals(of(), undefined);
});
