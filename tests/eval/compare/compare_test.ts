import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../../pipeline/artifacts.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { compare, compareRuns } from "../../../pipeline/eval/compare/compare.ts";
import { contests } from "../../../pipeline/eval/compare/contests.ts";
import type { EvalReport, ModelResult } from "../../../pipeline/eval/result.ts";
import { verdicts } from "../../../pipeline/eval/page/summary.ts";
import { inFolder } from "../../helpers/in_folder.ts";

/** A model whose notes need `bits` each and `keys` of 100 keystrokes, give or take the note. */
function model(name: string, ours: boolean, bits: number, keys: number, notes = 30): ModelResult {
  const rows = Array.from({ length: notes }, (_, index) => index);
  return {
    name,
    kind: ours ? "gpt" : "baseline",
    ours,
    bitsPerCharacter: null,
    bySection: null,
    byPosition: null,
    nextWord: null,
    keystrokes: {
      curve: [{ threshold: 0.3, netSavings: { value: 1 - keys / 100 } }],
      best: 0.3,
      mostSavings: 0.3,
      calibration: null,
    } as unknown as ModelResult["keystrokes"],
    perNote: {
      scored: rows.map((i) => ({ note: `n${i}`, bits: bits * (90 + i), characters: 100 })),
      typed: rows.map((i) => ({
        note: `n${i}:0-100`,
        words: 10,
        top1: 3,
        top3: 5,
        characters: 100,
        keystrokes: keys + (i * 7) % 5,
        read: 10,
      })),
    },
  };
}

const report = (...models: ModelResult[]): EvalReport =>
  ({
    version: 3,
    readingCost: 0.5,
    split: "test",
    served: { system: "GPT" },
    checkpoint: { parameters: 1 },
    models,
  }) as unknown as EvalReport;

Deno.test("runs are compared note by note: small differences show where notes differ more", () => {
  const { measures, notes } = compare(["a", "b"], [
    report(model("GPT", true, 1.5, 70)),
    report(model("GPT", true, 1.4, 70)),
  ]);
  assertEquals(notes, { scored: 30, typed: 30 });
  const [bits, next, , gross, net] = measures;
  assertEquals(bits.name, "bits per character");
  assertAlmostEquals(bits.differences[0].value, -0.1 * 1.045, 1e-9);
  assertEquals(bits.differences[0].p < 0.005 && bits.differences[0].high < 0, true);
  assertEquals([next.differences[0].value, next.differences[0].p], [0, 1]);
  assertAlmostEquals(gross.values[0].value, 1 - 0.72, 1e-9);
  assertAlmostEquals(net.values[0].value, 1 - 0.77, 1e-9);
});

Deno.test("only notes that all have count; none in common is an error that says what to do", () => {
  const few = model("GPT", true, 1, 70, 10);
  const { notes } = compare(["a", "b"], [report(model("GPT", true, 1, 70)), report(few)]);
  assertEquals(notes, { scored: 10, typed: 10 });
  few.perNote.scored.forEach((row) => row.note += "x");
  assertThrows(
    () => compare(["a", "b"], [report(model("GPT", true, 1, 70)), report(few)]),
    RangeError,
    "Cannot compare a, b in bits per character: 0 notes in common",
  );
});

Deno.test("other words of the same notes are not compared", () => {
  const other = model("GPT", true, 1, 70);
  other.perNote.typed[3].words = 7;
  assertThrows(
    () => compare(["a", "b"], [report(model("GPT", true, 1, 70)), report(other)]),
    RangeError,
    "Cannot compare b with a: other words were asked for",
  );
});

Deno.test("what does not beat a baseline is said", () => {
  const models = [model("GPT", true, 1.5, 60), model("5-gram", false, 1.4, 70)];
  const found = contests(models, 0.5);
  const outcomes = Object.fromEntries(found.map(({ measure, outcome }) => [measure, outcome]));
  assertEquals(outcomes, {
    "bits per character": "behind",
    "next word": "behind",
    "next word, top 3": "behind",
    "keystroke savings": "beaten",
    "net savings": "beaten",
  });
  assertEquals(verdicts({ contests: found })[0], "GPT does not beat 5-gram in bits per character.");
});

Deno.test("a difference that many contests make likely by chance is not called real", () => {
  // Alone it is: p is below 0.01. Among forty contests that is nothing special.
  const own = model("GPT", true, 1.5, 70);
  own.perNote.typed.forEach((row, i) => row.keystrokes += [-11, 4, -5, 2, -3][i % 5]);
  const outcomeAgainst = (baselines: number) => {
    const others = Array.from({ length: baselines }, (_, i) => model(`n${i}`, false, 1.5, 70));
    return contests([own, ...others], 0.5)
      .filter(({ measure }) => measure === "keystroke savings")
      .map(({ difference: { p }, adjustedP, outcome }) => ({ p, adjustedP, outcome }))[0];
  };
  const few = outcomeAgainst(1), many = outcomeAgainst(8);
  assertEquals(few.p, many.p);
  assertEquals(few.outcome, "beaten", `p ${few.p}, adjusted ${few.adjustedP}`);
  assertEquals(many.outcome, "not told apart", `p ${many.p}, adjusted ${many.adjustedP}`);
});

Deno.test(
  "--compare reads eval.json, and writes compare.json with a page",
  inFolder(async (data) => {
    const paths = workspace(data);
    await assertRejects(() => compareRuns(paths, ["a"]), TypeError, "at least two different runs");
    await assertRejects(() => compareRuns(paths, ["a", "b"]), Error, "deno task eval --run a");
    for (const [name, keys] of [["a", 70], ["b", 60]] as const) {
      await writeJson(
        join(paths.run(name).eval, "eval.json"),
        report(model("GPT", true, 1.5, keys)),
      );
    }
    const text = await compareRuns(paths, ["a", "b"]);
    assertEquals(/b, GPT .*\+10\.0% \(\+10\.0% to \+10\.0%\), p < 0\.005/.test(text), true, text);
    const page = await Deno.readTextFile(join(data, "reports", "compare", "a-b", "index.html"));
    assertEquals(page.includes("better"), true);
  }),
);
