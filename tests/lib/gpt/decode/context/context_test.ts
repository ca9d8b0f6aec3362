import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createContext } from "../../../../../pipeline/lib/gpt/decode/context/context.ts";
import { defaultContextWeights } from "../../../../../pipeline/lib/gpt/decode/context/default_weights.ts";
import {
  copiedWords,
  sourcesOf,
  verdictOf,
} from "../../../../../pipeline/lib/gpt/decode/context/grounding.ts";
import type {
  ContextItem,
  ContextKind,
} from "../../../../../pipeline/lib/gpt/decode/context/types.ts";
import {
  keyOf,
  keysOfText,
  unitsOf,
} from "../../../../../pipeline/lib/gpt/decode/context/units.ts";
import {
  areContextWeights,
  mixOpinions,
} from "../../../../../pipeline/lib/gpt/decode/context/weights.ts";
import { Decoder, type SuggestSettings } from "../../../../../pipeline/lib/gpt/decode/decoder.ts";
import { Vocabulary } from "../../../../../pipeline/lib/gpt/decode/vocabulary.ts";
import { modelOf, pieceTokenizer } from "../../../../helpers/tiny_language.ts";
import { trustedWeights } from "../../../../helpers/trusted_context.ts";

const tokenizer = pieceTokenizer(
  " met|olazone|formin| the| patient| takes| daily| mg| and| has|The| on| war|farin| oste|oporosis|Hy|pothyroidism| hypothyroidism| Clinic| for| dressing|THE| wound| 7| 9"
    .split("|"),
);
const vocabulary = new Vocabulary(tokenizer);
/** Knows nothing: every token is as likely as any other. */
const decoder = () =>
  new Decoder(modelOf(tokenizer, () => new Map(), 128), tokenizer, {
    mixture: { context: trustedWeights },
  });

const item = (text: string, kind: ContextKind = "note", date = ""): ContextItem => ({
  source: kind,
  kind,
  date,
  text,
});
const contextOf = (...items: ContextItem[]) => createContext(items, tokenizer, vocabulary);

async function first(items: ContextItem[], text: string, settings: SuggestSettings = {}) {
  const one = decoder();
  const context = one.contextOf(items);
  const [found] = await one.suggest(text, {
    minConfidence: 0.1,
    maxWords: 1,
    context,
    ...settings,
  });
  return found;
}

Deno.test("units: words and numbers whole, whatever the tokens are", () => {
  const units = (text: string) =>
    unitsOf(tokenizer.encode(text), vocabulary.bytes).map(({ bytes }) => bytes);
  assertEquals(units(" metformin 12.5 mg"), [" metformin", " 12.5", " mg"]);
  assertEquals(units("BP 120/80, (stable)"), ["BP", " 120/80", ",", " (stable", ")"]);
  assertEquals(["(Stable", " 2.5", ".\n", " \n"].map(keyOf), ["stable", "2.5", ".", ""]);
  assertEquals(keysOfText("Metformin 12.5 mg, é"), [
    "metformin",
    "12.5",
    "mg",
    ",",
    "Ã©".toLowerCase(),
  ]);
});

Deno.test("a drug of the list is found by two letters", async () => {
  const list = [item("Warfarin 5 mg daily\nMetolazone 5 mg daily", "medications")];
  assertEquals((await first(list, "The patient takes me"))?.text, "tolazone");
  assertEquals((await first(list, "The patient takes wa"))?.text, "rfarin");
  assertEquals(await first(list, "The patient takes zz"), undefined);
});

Deno.test("a problem is found in the case that the sentence asks for", async () => {
  const problems = [item("CHF\nOsteoporosis\nhypothyroidism", "problems")];
  assertEquals((await first(problems, "The patient has os"))?.text, "teoporosis");
  assertEquals((await first(problems, "Hy"))?.text, "pothyroidism");
  assertEquals((await first(problems, "The patient has C"))?.text, "HF");
});

Deno.test("a value goes with the drug or the test it was measured for", async () => {
  const record = [
    item("Warfarin 7 mg daily", "medications"),
    item("Hemoglobin: 9 g/dL\nSodium: 138 mmol/L", "results"),
  ];
  const value = async (text: string) =>
    (await first(record, text, { minConfidence: 0.02, minCharacters: 1, numbers: "always" }))?.text;
  assertEquals(await value("Continue warfarin"), " 7");
  assertEquals(await value("Hgb"), " 9");
});

Deno.test("a list is copied item by item, although each is worded anew", () => {
  const context = contextOf(
    item("Warfarin 5 mg daily\nDigoxin 0.125 mg daily\nSpironolactone 25 mg", "medications"),
  );
  const next = (text: string) => {
    const keys = keysOfText(text);
    const caret = { keys, line: keys, part: [1], inPart: 1 as const, ending: 2 };
    const mode = { spaced: true, capital: false };
    return context.lists.next({ ...caret, mode, next: mode }, keys)
      .map(({ id }) => context.index.keys[id]);
  };
  assertEquals(next("Continue home warfarin at five,"), ["digoxin", "spironolactone"]);
  assertEquals(next("warfarin, digoxin and"), ["spironolactone"]);
  assertEquals(next("warfarin for the valve"), []);
  assertEquals(next("fever, "), []);
});

Deno.test("what followed the same words follows again, in any case and wrapping", async () => {
  const note = [item("She was seen by the Wound Clinic for dressing\nchanges.", "note")];
  const text = "SEEN BY THE WOUND";
  assertEquals((await first(note, text, { maxWords: 3 }))?.text, " Clinic for dressing");
});

Deno.test("numbers: held by the record, contradicted by it, or unknown to it", () => {
  const context = contextOf(
    item("Metoprolol succinate 25 mg daily", "medications"),
    item("Potassium 3.4 mmol/L", "results", "2026-01-01"),
    item("Potassium 4.1 mmol/L", "results", "2026-01-02"),
    item("A 61-year-old woman. She took two pills.", "conversation"),
    item("Digoxin 250 mcg daily. Lactate 3.9.", "note", "2025-01-02"),
  );
  const verdict = (before: string, text: string) => verdictOf(context, before, text);
  assertEquals(verdict("Continue metoprolol", " 25"), "held");
  assertEquals(verdict("Continue metoprolol", " 25 mg"), "held");
  assertEquals(verdict("Continue metoprolol", " 25 mcg"), "contradicted");
  assertEquals(verdict("Continue metoprolol", " 2"), "begun");
  assertEquals(verdict("Continue metoprolol", " 50"), "contradicted");
  assertEquals(verdict("K", " 3.4"), "held");
  assertEquals(verdict("Potassium was", " 4.1"), "held");
  assertEquals(verdict("Potassium was", " 5.2"), "contradicted");
  assertEquals(verdict("A", " 61-year-old"), "held");
  // Doses of an earlier note go on; what was measured then does not.
  assertEquals(verdict("Continue digoxin", " 250 mcg"), "held");
  assertEquals(verdict("Continue digoxin", " 125 mcg"), "contradicted");
  assertEquals(verdict("Lactate", " 3.9"), "unknown");
  assertEquals(verdict("Lactate", " 1.2"), "unknown");
  assertEquals(verdict("Seen", " 3 times"), "unknown");
  assertEquals(verdict("Potassium 4.1, given", " two tablets"), "unknown");
  assertEquals(verdict("Warfarin", " 5 mg"), "unknown");
});

Deno.test("a number that the record holds is shown sooner, one it contradicts never", async () => {
  // A model that is 70% sure of the dose, which is not enough for a number.
  const digits = pieceTokenizer([" Warfarin", " 5", " 9", "Take"]);
  const [drug, five, nine] = [" Warfarin", " 5", " 9"].map((text) => digits.encode(text)[0]);
  const sure = (dose: number) =>
    new Decoder(
      modelOf(digits, (tokens) =>
        tokens.at(-1) === drug
          ? new Map([[dose, 7], [drug, 3]])
          : new Map([[digits.endOfText, 1]])),
      digits,
    );
  const shown = async (
    dose: number,
    record?: string,
    numbers: "confident" | "always" = "confident",
  ) => {
    const one = sure(dose);
    const context = record === undefined ? undefined : one.contextOf([item(record, "medications")]);
    return (await one.suggest("Take Warfarin", { context, numbers, minCharacters: 1 }))[0]?.text;
  };
  assertEquals(await shown(five), undefined);
  assertEquals(await shown(five, "Warfarin 5 mg"), " 5");
  assertEquals(await shown(nine, "Warfarin 5 mg"), undefined);
  assertEquals(await shown(five, undefined, "always"), " 5");
});

Deno.test("sources: kind, date and place of what a suggestion copies", () => {
  const context = contextOf(
    item("Medications:\nDigoxin 0.125 mg daily", "medications", "2026-03-03"),
    item("[patient] i take digoxin .", "conversation"),
  );
  assertEquals(sourcesOf(context, "Continue ", "digoxin 0.125 mg daily"), [{
    kind: "medications",
    source: "medications",
    date: "2026-03-03",
    place: "Medications, line 2",
    words: 4,
  }]);
  // Half typed, and in another case.
  assertEquals(sourcesOf(context, "continue DIG", "OXIN 0.125 mg")[0].kind, "medications");
  assertEquals(sourcesOf(context, "The patient has ", "a fever"), []);
});

Deno.test("copying is bounded", async () => {
  const text = "the wound was dressed with silver foam and the drain stayed until Sunday morning";
  const note = [item(text)];
  assertEquals(copiedWords(contextOf(item(text)), `x ${text.slice(0, 31)} y`), 5);
  const suggestion = async (maxCopiedWords?: number) =>
    await first(note, "The wound was", {
      maxWords: 30,
      minConfidence: 0.001,
      length: "longest",
      ...(maxCopiedWords === undefined ? {} : { maxCopiedWords }),
    });
  assertEquals((await suggestion(3))?.text.trim().split(" ").length, 3);
  assertEquals((await suggestion(3))?.finish, "copied");
  assert((await suggestion(30))!.text.trim().split(" ").length > 3);
});

Deno.test("opinions leave a distribution", () => {
  const context = contextOf(item("The patient takes metolazone daily", "medications"));
  const probabilities = new Float32Array(tokenizer.vocabSize).fill(1 / tokenizer.vocabSize);
  const tokens = tokenizer.encode("The patient takes met");
  mixOpinions(probabilities, context.experts.after(tokens, []), defaultContextWeights);
  assertAlmostEquals(probabilities.reduce((a, b) => a + b), 1, 1e-5);
  assert(probabilities.every((p) => p >= 0));
  assert(areContextWeights(defaultContextWeights));
});

Deno.test("odd texts: nothing at all, only signs, other scripts, very long lines", async () => {
  for (
    const text of ["", " \n\n", "---", "é à 漢字 \u{1f600}", "x".repeat(5000), "1 ".repeat(2000)]
  ) {
    const found = await first([item(text), item(text, "conversation")], "The patient ");
    assert(found === undefined || !found.text.includes("\ufffd"));
  }
});
