// The verdict under simulation: how often a model of known memory passes with so many notes.

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { auc } from "../../pipeline/audit/membership.ts";
import { judge, verdictOf } from "../../pipeline/audit/outcome.ts";
import { limits } from "../../pipeline/audit/verdict.ts";
import { area, share } from "../../pipeline/lib/base/intervals.ts";
import { seededRandom } from "../../pipeline/lib/base/random.ts";

const ROUNDS = 1000;

/** Outcomes of ROUNDS attacks whose true AUC is `truth`, on `notes` members and as many others. */
function simulate(truth: number, notes: number): Record<string, number> {
  const random = seededRandom(notes);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const shift = shiftOf(truth), counts = { "pass": 0, "fail": 0, "cannot tell": 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const attacks = Array.from({ length: 2 * notes }, (_, index) => ({
      score: normal() + (index < notes ? shift : 0),
      member: index < notes,
    }));
    const found = auc(attacks);
    const at = (size: number) => area(found, notes * size, notes * size);
    const { outcome } = judge({ at, limit: limits.membershipAuc, count: notes, unit: "notes" });
    counts[outcome] += 1 / ROUNDS;
  }
  return counts;
}

/** How far two normals of variance 1 lie apart whose AUC is `truth`: Φ(shift / √2) = truth. */
function shiftOf(truth: number): number {
  const shifts: Record<number, number> = { 0.5: 0, 0.55: 0.1777, 0.7: 0.7416, 0.82: 1.2945 };
  return shifts[truth];
}

Deno.test("few notes do not pass a model by chance", () => {
  assertLess(simulate(0.82, 8).pass, 0.005);
  assertLess(simulate(0.7, 40).pass, 0.01);
  assertEquals(simulate(0.7, 150).pass, 0);
  assertLess(simulate(0.7, 3).pass, 0.03);
});

Deno.test("enough notes pass a model that does not remember, and fail one that does", () => {
  assert(simulate(0.5, 150).pass > 0.97);
  assert(simulate(0.82, 150).fail > 0.99);
  assert(simulate(0.82, 8).fail < 0.5, "eight notes cannot tell");
});

Deno.test("where it cannot tell, it says how many would", () => {
  const judged = (found: number, of: number) =>
    judge({
      at: (size) => share(found * size, of * size),
      limit: 0.05,
      count: of,
      unit: "prompts",
    });
  assertEquals(judged(0, 100), { outcome: "pass" });
  assertEquals(judged(30, 100), { outcome: "fail" });
  const { outcome, needed } = judged(0, 20);
  assertEquals(outcome, "cannot tell");
  const [count] = needed!.match(/\d+/)!;
  assertEquals(judged(0, Number(count)), { outcome: "pass" });
  assertMatch(judged(6, 100).needed!, /a lower figure/);
  assertEquals(judged(0, 0).outcome, "cannot tell");
});

Deno.test("the verdict is that of the worst check", () => {
  const of = (...outcomes: ("pass" | "fail" | "cannot tell")[]) =>
    verdictOf(outcomes.map((outcome) => ({ outcome })));
  assertEquals(of("pass", "pass"), "pass");
  assertEquals(of("pass", "cannot tell"), "cannot tell");
  assertEquals(of("cannot tell", "fail", "pass"), "fail");
  assertEquals(of(), "cannot tell");
});
