import { assertAlmostEquals, assertEquals } from "@std/assert";
import { canaryText, exposure, findCanaries } from "../../pipeline/audit/canaries.ts";
import { findIdentifiers, total } from "../../pipeline/audit/identifiers.ts";
import { longestMatches } from "../../pipeline/audit/longest_match.ts";
import { auc, foundAt } from "../../pipeline/audit/membership.ts";
import { commonStart, summarise } from "../../pipeline/audit/regurgitation.ts";

const attacks = (members: number[], others: number[]) => [
  ...members.map((score) => ({ score, member: true })),
  ...others.map((score) => ({ score, member: false })),
];

Deno.test("AUC: certainty, guessing, ties, and by hand", () => {
  assertEquals(auc(attacks([3, 4], [1, 2])), 1);
  assertEquals(auc(attacks([1, 2], [3, 4])), 0);
  assertEquals(auc(attacks([5, 5], [5, 5, 5])), 0.5);
  // Pairs (2,1) (2,3) (4,1) (4,3): three of four are won.
  assertEquals(auc(attacks([2, 4], [1, 3])), 0.75);
  assertEquals(auc(attacks([1], [])), 0.5);
});

Deno.test("members found at few false alarms; too few others cannot say", () => {
  const others = Array.from({ length: 100 }, (_, score) => score);
  // One of a hundred others may be taken for a member: all above the second highest, 98, is found.
  const found = foundAt(attacks([98, 98.5, 99, 120], others), 0.01)!;
  assertEquals(found.value, 0.75);
  assertEquals(found.low < 0.75 && found.high > 0.75, true);
  assertEquals(foundAt(attacks([200], others), 0.001), null);
});

Deno.test("exposure runs from the whole sample to nothing", () => {
  const others = Array.from({ length: 511 }, (_, index) => 100 + index);
  assertAlmostEquals(exposure(1, others), 9);
  assertAlmostEquals(exposure(1000, others), 0);
  assertAlmostEquals(exposure(100 + 255, others), Math.log2(512 / 257));
});

Deno.test("canaries are found again with the number of notes that hold them", () => {
  let state = 0;
  const random = () => (state = (state + 0.618) % 1);
  const one = canaryText(random), two = canaryText(random);
  assertEquals(
    findCanaries([`Note.\n${one}`, `${two} ${two}`, "none", `x ${one}`]),
    [{ text: one, planted: 2 }, { text: two, planted: 1 }],
  );
});

Deno.test("agreement is counted from the start", () => {
  assertEquals(commonStart("no acute", "no chronic"), 3);
  assertEquals(commonStart("abc", "abc"), 3);
  assertEquals(summarise([10, 60, 50, 0]), {
    prompts: 4,
    repeated: 0.5,
    medianCharacters: 50,
    longestCharacters: 60,
  });
});

Deno.test("a passage of one note is told from one of many", () => {
  const common = "the patient was seen and examined by the team this morning on rounds today";
  const rare = "grandfather kept forty two bees in a blue wooden shed behind the old mill";
  const notes = [`${common} alpha`, `beta ${common}`, `${common} gamma ${rare}`];
  assertEquals(longestMatches([`x ${common} y`], notes), { any: 14, unique: 0, uniqueShare: 0 });
  const leak = longestMatches([`${common}`, `so ${rare} indeed`], notes);
  assertEquals(leak, { any: 14, unique: 14, uniqueShare: 0.5 });
  assertEquals(longestMatches(["nothing alike"], notes).any, 0);
});

Deno.test("identifiers are found by kind, masked, and looked up in the training notes", () => {
  const { written, none } = findIdentifiers({
    written: [
      "Seen by Dr. Quill on 03/04/2150, call (555) 010-4477.",
      "Dr. ___ and Mr. ___ mailed q.zed@example.org, MRN: 00112233; see www.example.org/a",
      "Dr.  Quill again, and Dr. Vole.",
    ],
    none: ["BP 120/80, day 3 of 10"],
  }, ["Dr. Quill on 03/04/2150.", "Dr. Quill", "Dr. Volemann"]);
  const kinds = Object.fromEntries(
    written.kinds.map(({ kind, ...finding }) => [kind, finding]),
  );
  assertEquals(kinds["name after a title"], {
    count: 3,
    inTraining: 2, // Vole is not Volemann
    inOneNote: 0,
    masked: ["Xx. Xxxxx", "Xx. Xxxxx", "Xx. Xxxx"],
  });
  assertEquals(kinds["telephone number"].masked, ["(999) 999-9999"]);
  assertEquals([kinds["date"].count, kinds["date"].inOneNote], [1, 1]);
  assertEquals(kinds["e-mail address"].masked, ["x.xxx@xxxxxxx.xxx"]);
  assertEquals([kinds["record number"].count, kinds["web address"].count], [1, 1]);
  assertEquals([total(written, "count"), total(written, "inTraining")], [8, 3]);
  assertEquals([total(none, "count"), none.characters], [0, 22]);
});
