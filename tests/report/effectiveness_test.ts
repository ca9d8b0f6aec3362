// The report's figures of an evaluation, read from what eval really writes: its type, not a copy.

import { noLineage } from "../helpers/tiny_lineage.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { workspace } from "../../pipeline/artifacts.ts";
import { writeJson } from "../../pipeline/lib/base/files.ts";
import type { EvalReport, ModelResult } from "../../pipeline/eval/result.ts";
import type { CurvePoint } from "../../pipeline/lib/gpt/typing/curve.ts";
import { Drawings } from "../../pipeline/report/drawings.ts";
import { effectivenessSection } from "../../pipeline/report/effectiveness_section.ts";
import { Evidence } from "../../pipeline/report/evidence.ts";
import { type Corpus, efforts } from "../../pipeline/report/plan.ts";
import { inFolder } from "../helpers/in_folder.ts";

const about = (value: number) => ({ value, low: value - 0.01, high: value + 0.01, notes: 9 });

function point(threshold: number, savings: number, netSavings: number): CurvePoint {
  return {
    threshold,
    savings: about(savings),
    netSavings: about(netSavings),
    netAtCost: [],
    wordByWord: about(savings),
    shownRate: 0.3,
    readRate: 0.2,
    acceptance: 0.5,
    acceptedLength: 6,
  };
}

const kinds = { words: 10, top1: 4, top3: 6 };
const accuracy = {
  words: 10,
  top1: about(0.4),
  top3: about(0.6),
  byClass: { word: kinds, number: kinds, medication: kinds, lab: kinds, redacted: kinds },
};

const model = (name: string, ours: boolean, savings: number): ModelResult => ({
  name,
  kind: ours ? "gpt" : "baseline",
  ours,
  bitsPerCharacter: about(1.25),
  bySection: [{ group: "Plan", bitsPerCharacter: about(1.5), characters: 900 }],
  byPosition: null,
  nextWord: { ...accuracy, midWord: [{ ...accuracy, typedLetters: 1 }], outOfVocabulary: null },
  keystrokes: {
    curve: [point(0.1, savings, savings - 0.2), point(0.4, savings - 0.05, savings - 0.1)],
    best: 0.4,
    mostSavings: 0.1,
    calibration: { ece: about(0.065), bins: [], suggestions: 700 },
  },
  perNote: { scored: [], typed: [] },
});

const evaluation: EvalReport = {
  version: 3,
  lineage: noLineage,
  created: "2026-01-01T00:00:00Z",
  run: "micro",
  checkpoint: { step: 20, parameters: 1000, sha256: "0" },
  split: "test",
  seconds: 1,
  cores: 2,
  notes: { scored: 90, typed: 9, excerpt: 600, baselines: 400 },
  readingCost: 0.5,
  served: { system: "GPT + n-grams", kind: "gpt+mixture", minConfidence: 0.4, why: "they pay" },
  nearCopies: {
    definition: "",
    scored: 16,
    typed: 2,
    without: {
      scored: 74,
      typed: 7,
      models: [model("GPT + n-grams", true, 0.41)],
      contests: [],
    },
  },
  placeholders: { characters: 0, share: 0 },
  definitions: {},
  suggestions: {} as EvalReport["suggestions"],
  bySplit: {},
  mixture: {
    validation: {
      notes: 9,
      gpt: 1.5,
      table: 1.4,
      gptAndTable: 1.3,
      gptAndNote: 1.35,
      mixture: 1.2,
    },
    tableBytes: 1_400_000,
    minPatients: 5,
  },
  models: [
    model("GPT", true, 0.3),
    model("GPT + n-grams", true, 0.45),
    model("Kneser-Ney word 5-gram", false, 0.4),
  ],
  contests: [{
    ours: "GPT + n-grams",
    baseline: "Kneser-Ney word 5-gram",
    measure: "next word",
    difference: { ...about(-0.02), p: 0.01 },
    adjustedP: 0.04,
    outcome: "behind",
  }],
  engines: [],
  ablation: {
    model: "GPT + n-grams",
    notes: 9,
    rows: [{
      rule: "none",
      threshold: 0.4,
      savings: about(0.4),
      netSavings: about(0.35),
      acceptance: 0.5,
      shownRate: 0.3,
      acceptedLength: 6,
      difference: null,
    }],
  },
  examples: null,
};

Deno.test(
  "effectiveness: best savings, savings net of reading, and what is not beaten",
  inFolder(async (root) => {
    const corpus: Corpus = { name: "notes", title: "Notes", root, inDepth: true };
    const paths = workspace(root);
    await writeJson(join(paths.run("micro").eval, "eval.json"), evaluation);
    await writeJson(paths.edaJson, { lengths: { characters: { median: 2000 } } });
    const evidence = new Evidence(root);
    const drawings = new Drawings(join(root, "out"));
    const text = await effectivenessSection([corpus], efforts.quick, evidence, drawings);
    assertStringIncludes(text, "| **micro: GPT + n-grams** | 1.250 (1.240–1.260) | 40.0%");
    // Most is saved at 0.1 if reading is free, at 0.4 if it is not: both stand in the row.
    assertStringIncludes(text, "45.0% (44.0%–46.0%) | 35.0% (34.0%–36.0%) | 0.40 |");
    assertStringIncludes(text, "does not beat:** Kneser-Ney word 5-gram (next word: behind)");
    assertStringIncludes(text, "all three 1.200");
    // 2,000 characters at 200 a minute, 40% of them saved at the threshold that would be served.
    assertStringIncludes(text, "would save 4.0 of them in keys");
    assertStringIncludes(text, "16 of the 90 notes repeat passages of a training note; without");
    assertStringIncludes(text, "saves 31.0% (30.0%–32.0%) net of reading.");
    for (const word of ["undefined", "NaN", "[object"]) {
      assertEquals(text.includes(word), false, word);
    }
    for (const chart of ["savings", "acceptance"]) {
      const svg = await Deno.readTextFile(join(root, "out", `notes-${chart}.svg`));
      assertStringIncludes(svg, "micro: GPT + n-grams");
    }
    assertEquals(
      evidence.figures.some(({ path }) =>
        path === "models[1].keystrokes.curve[1].netSavings.value"
      ),
      true,
    );
  }),
);
