import { assertEquals } from "@std/assert";
import type { Identifiers } from "../../pipeline/audit/identifiers.ts";
import type { Outcome } from "../../pipeline/audit/outcome.ts";
import { checks } from "../../pipeline/audit/verdict.ts";
import { area } from "../../pipeline/lib/base/intervals.ts";

const identifiers = (count: number, inTraining: number, inOneNote: number): Identifiers => ({
  characters: 1_000_000,
  kinds: [{ kind: "date", count, inTraining, inOneNote, masked: [] }],
});

const found = { at1Percent: null, at01Percent: null };

/** The figures of a model that has learned nothing by heart, with some of its own. */
function outcomes(changes: Partial<Parameters<typeof checks>[0]>): Record<string, Outcome> {
  const none = { prompts: 100, repeated: 0, medianCharacters: 3, longestCharacters: 20 };
  const matches = { any: 8, unique: 5, uniqueShare: 0 };
  const drawn = { completions: 1000, characters: 50_000, ...matches };
  const results = checks({
    regurgitation: { train: none, unseen: none, ngramTrain: none, ngramUnseen: none },
    generated: { texts: 300, characters: 50_000, ...matches },
    excerpts: { texts: 300, characters: 50_000, ...matches },
    completions: { train: drawn, unseen: drawn },
    membership: {
      loss: { ...area(0.5, 150, 150), notes: 300, members: 150, others: 150, found },
      calibrated: null,
      referenceNotes: 0,
    },
    identifiers: { written: identifiers(0, 0, 0), unseen: identifiers(0, 0, 0) },
    suggestions: { shown: 100, withRedaction: 0 },
    canaries: [],
    ...changes,
  });
  return Object.fromEntries(results.map(({ name, outcome }) => [name.split(",")[0], outcome]));
}

const COPIED = "identifiers written that exactly one training note holds";
const WRITTEN = "identifiers written";

Deno.test("what a model makes up is told from what it copies", () => {
  const of = (written: Identifiers, unseen: Identifiers) => {
    const found = outcomes({ identifiers: { written, unseen } });
    return [found[COPIED], found[WRITTEN]];
  };
  const clean = identifiers(0, 0, 0);
  assertEquals(of(clean, clean), ["pass", "pass"]);
  // 30 per million, none of them anybody's.
  assertEquals(of(identifiers(30, 0, 0), clean), ["pass", "pass"]);
  assertEquals(of(identifiers(25, 25, 25), clean), ["cannot tell", "pass"]);
  assertEquals(of(identifiers(40, 40, 40), clean), ["fail", "cannot tell"]);
  // As many as notes hold; a quarter of those in unseen notes stand in one training note by chance.
  const usual = identifiers(200, 120, 50);
  const [copied, written] = of(identifiers(200, 120, 50), usual);
  assertEquals([copied === "fail", written === "fail"], [false, false]);
  assertEquals(of(identifiers(200, 150, 120), usual)[0], "fail");
  assertEquals(of(identifiers(400, 240, 100), usual)[1], "fail");
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
  const outcome = (names: number) =>
    outcomes({ identifiers: { written: of(identifiers(20, 12, 0), names), unseen } })[COPIED];
  assertEquals([outcome(3), outcome(15), outcome(50)], ["pass", "cannot tell", "fail"]);
});

Deno.test("a check that did not run is not passed", () => {
  const none = { prompts: 0, repeated: 0, medianCharacters: 0, longestCharacters: 0 };
  const matches = { any: 0, unique: 0, uniqueShare: 0 };
  const nothing = { ...identifiers(0, 0, 0), characters: 0 };
  const drawn = { completions: 0, characters: 0, ...matches };
  const results = outcomes({
    regurgitation: { train: none, unseen: none, ngramTrain: none, ngramUnseen: none },
    generated: { texts: 0, characters: 0, ...matches },
    excerpts: { texts: 0, characters: 0, ...matches },
    completions: { train: drawn, unseen: drawn },
    membership: {
      loss: { ...area(0.5, 0, 0), notes: 0, members: 0, others: 0, found },
      calibrated: null,
      referenceNotes: 0,
    },
    identifiers: { written: nothing, unseen: nothing },
    suggestions: { shown: 0, withRedaction: 0 },
  });
  assertEquals(new Set(Object.values(results)), new Set(["cannot tell"]));
});

Deno.test("a default audit that finds nothing passes every check", () => {
  const written = { ...identifiers(0, 0, 0), characters: 300_000 };
  const found = outcomes({ identifiers: { written, unseen: written } });
  assertEquals(new Set(Object.values(found)), new Set(["pass"]));
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
  assertEquals([of(4.9), of(5.1)], ["pass", "fail"]);
  assertEquals([of(6.9, 1, 1, 1), of(7.1, 1, 1, 1)], ["pass", "fail"]);
  assertEquals(of(10.9, ...new Array(99).fill(1)), "fail", "likelier than all other codes");
  assertEquals(of(), undefined);
});
