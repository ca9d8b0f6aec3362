/** Whether what would be served is really better than what it has to beat, on the same notes. */

import { FINE_RESAMPLES, holm, pairedBootstrap } from "../../lib/base/bootstrap.ts";
import { bitsPerCharacter } from "../../lib/gpt/scoring/language_model.ts";
import type { Contest, ModelResult, ScoredNoteRow, TypedNoteRow } from "../result.ts";
import { savings } from "../../lib/gpt/typing/typist.ts";

/** A figure of several notes together, where a model has it. */
export interface Measure<Row = ScoredNoteRow | TypedNoteRow> {
  name: string;
  /** Whether more is better. */
  more: boolean;
  rows: (model: ModelResult) => readonly Row[];
  of: (rows: readonly Row[]) => number;
}

/** What systems are compared in. */
export function measures(readingCost: number): Measure[] {
  const typed = (name: string, of: (rows: readonly TypedNoteRow[]) => number): Measure => ({
    name,
    more: true,
    rows: ({ perNote }) => perNote.typed,
    of: of as Measure["of"],
  });
  const sum = (rows: readonly TypedNoteRow[], key: Exclude<keyof TypedNoteRow, "note">) =>
    rows.reduce((total, row) => total + row[key], 0);
  const saved = (cost: number) => (rows: readonly TypedNoteRow[]) =>
    savings({
      keystrokes: sum(rows, "keystrokes"),
      characters: sum(rows, "characters"),
      read: sum(rows, "read"),
    }, cost);
  const right = (key: "top1" | "top3") => (rows: readonly TypedNoteRow[]) =>
    sum(rows, key) / Math.max(1, sum(rows, "words"));
  return [
    {
      name: "bits per character",
      more: false,
      rows: ({ perNote }) => perNote.scored,
      of: bitsPerCharacter as Measure["of"],
    },
    typed("next word", right("top1")),
    typed("next word, top 3", right("top3")),
    typed("keystroke savings", saved(0)),
    typed("net savings", saved(readingCost)),
  ];
}

/** Rows of the same notes, in the order of the first. */
export function pairs<Row extends { note: string }>(
  first: readonly Row[],
  second: readonly Row[],
): [Row, Row][] {
  const byNote = new Map(second.map((row) => [row.note, row]));
  return first.flatMap((row) => {
    const other = byNote.get(row.note);
    return other === undefined ? [] : [[row, other] as [Row, Row]];
  });
}

/** Below this a difference is taken for real. */
const LEVEL = 0.05;

/** Every model of ours against every baseline, in every measure that both have. */
export function contests(models: readonly ModelResult[], readingCost: number): Contest[] {
  const baselines = models.filter(({ ours }) => !ours);
  const found = models.filter(({ ours }) => ours).flatMap((own) =>
    measures(readingCost).flatMap(({ name, more, rows, of }) =>
      baselines.flatMap((baseline) => {
        const both = pairs(rows(baseline), rows(own));
        if (both.length < 2) return [];
        const difference = pairedBootstrap(both, of, FINE_RESAMPLES);
        const isAhead = (more ? 1 : -1) * difference.value > 0;
        return [{ ours: own.name, baseline: baseline.name, measure: name, difference, isAhead }];
      })
    )
  );
  const adjusted = holm(found.map(({ difference }) => difference.p));
  return found.map(({ isAhead, ...contest }, index) => ({
    ...contest,
    adjustedP: adjusted[index],
    outcome: !isAhead ? "behind" : adjusted[index] < LEVEL ? "beaten" : "not told apart",
  }));
}

/** A figure as the measure wants it: shares in percent, bits with three digits. */
export const figureOf = (name: string, value: number): string =>
  name === "bits per character" ? value.toFixed(3) : `${(100 * value).toFixed(1)}%`;

/** Sign and size of a difference. */
export const differenceOf = (name: string, value: number): string =>
  `${value < 0 ? "−" : "+"}${figureOf(name, Math.abs(value))}`;

export const pValue = (p: number): string => p < 0.005 ? "p < 0.005" : `p = ${p.toFixed(2)}`;
