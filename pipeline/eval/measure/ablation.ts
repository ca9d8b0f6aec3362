/**
 * What each rule of decoding brings and costs: the same notes typed with one rule switched off at a
 * time, or one part of the mixture. The rules are the `Policies` of decode/types.ts.
 */

import type { Policies } from "../../lib/gpt/decode/types.ts";
import type { Difference, Estimate } from "../../lib/base/bootstrap.ts";
import { pairedBootstrap } from "../../lib/base/bootstrap.ts";
import { savingsCurve } from "../../lib/gpt/typing/curve.ts";
import { measureNotes } from "../../lib/gpt/typing/note_pool.ts";
import type { NoteRequest, NoteResult } from "../../lib/gpt/typing/note_worker.ts";
import type { MixtureSpec, Sources, SystemSpec } from "../../lib/gpt/typing/systems.ts";
import { savings, sumTyping, type Typing } from "../../lib/gpt/typing/typist.ts";

/** Each rule, and the setting that is without it. */
export const rulesOff: readonly { rule: string; off: Partial<Policies> }[] = [
  { rule: "confidence budget", off: { minConfidence: 0 } },
  { rule: "the end that promises most", off: { length: "longest" } },
  { rule: "token healing", off: { heal: false } },
  { rule: "whole words only", off: { wholeWords: false } },
  { rule: "stop before unsure numbers", off: { numbers: "always" } },
  { rule: "stop at the end of a line", off: { lineBreaks: true } },
  { rule: "stop at the end of a section", off: { lineBreaks: true, sectionStops: false } },
  { rule: "ban on repetition loops", off: { loopStops: false } },
  { rule: "ban on ___", off: { placeholders: true } },
];

export interface AblationRow {
  /** The rule that is off; "none" for the rules as served. */
  rule: string;
  threshold: number;
  savings: Estimate;
  netSavings: Estimate;
  acceptance: number;
  shownRate: number;
  acceptedLength: number;
  /** Net savings without the rule minus with all of them; null for "none". */
  difference: Difference | null;
}

export interface AblationResult {
  /** Of which model. */
  model: string;
  notes: number;
  rows: AblationRow[];
}

/** Types `notes` with every rule of `rulesOff` off in turn, at `threshold`. */
export async function ablate(
  { model, base, sources, notes, threshold, readingCost, onDone }: {
    model: string;
    base: Extract<SystemSpec, { kind: "gpt" }>;
    sources: Sources;
    notes: readonly NoteRequest[];
    threshold: number;
    readingCost: number;
    onDone: (note: number) => void;
  },
): Promise<AblationResult> {
  const variants: { rule: string; spec: SystemSpec }[] = [
    { rule: "none", spec: base },
    ...rulesOff.map(({ rule, off }) => ({ rule, spec: { ...base, policies: off } })),
    ...partsOff(base.mixture).map(({ part, left }) => ({
      rule: part,
      spec: { ...base, mixture: left },
    })),
  ];
  const specs = variants.map(({ spec }) => spec);
  const plain = notes.map((note) => ({ ...note, words: [], withGrowths: false }));
  const unlimited = 1 + rulesOff.findIndex(({ off }) => off.minConfidence !== undefined);
  // Without a budget growth goes on down to confidence 0: a system of its own lowest threshold.
  const budgeted = specs.filter((_, index) => index !== unlimited);
  const results = await measureNotes(
    { specs: budgeted, sources, levels: [threshold] },
    plain,
    onDone,
  );
  const [without] = await measureNotes(
    { specs: [specs[unlimited]], sources, levels: [0] },
    plain,
    onDone,
  );
  results.splice(unlimited, 0, without);
  const served = typingsOf(results[0]);
  return {
    model,
    notes: notes.length,
    rows: variants.map(({ rule }, index) =>
      row(rule, index === unlimited ? 0 : threshold, results[index], readingCost, served)
    ),
  };
}

/** The mixture with one of its parts taken away, and without any. */
function partsOff(mixture?: MixtureSpec): { part: string; left?: MixtureSpec }[] {
  if (mixture === undefined) return [];
  const { table, note } = mixture;
  const none = { part: "all n-grams" };
  if (table === undefined || note === undefined) return [none];
  return [
    { part: "n-gram table of many patients", left: { note } },
    { part: "the note's own n-grams", left: { table } },
    none,
  ];
}

const typingsOf = (notes: readonly NoteResult[]): Typing[] =>
  notes.map(({ typings }) => typings[0].whole);

function row(
  rule: string,
  threshold: number,
  notes: readonly NoteResult[],
  readingCost: number,
  served: readonly Typing[],
): AblationRow {
  const [point] = savingsCurve(notes, readingCost, [threshold]);
  const { savings: gross, netSavings, acceptance, shownRate, acceptedLength } = point;
  const difference = rule === "none" ? null : pairedBootstrap(
    typingsOf(notes).map((typing, index) => [served[index], typing] as const),
    (sample) => savings(sumTyping(sample), readingCost),
  );
  return {
    rule,
    threshold,
    savings: gross,
    netSavings,
    acceptance,
    shownRate,
    acceptedLength,
    difference,
  };
}
