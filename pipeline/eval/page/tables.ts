/** The tables of an evaluation page. */

import { bytes } from "../../lib/base/cli.ts";
import { type Content, html, table } from "../../lib/base/page/html.ts";
import type { Estimate } from "../../lib/base/bootstrap.ts";
import type { AblationResult } from "../measure/ablation.ts";
import type { Example } from "../measure/examples.ts";
import type { LatencyResult } from "../measure/latency.ts";
import { differenceOf, pValue } from "../compare/contests.ts";
import {
  bestPoint,
  type Contest,
  type EvalReport,
  type ModelResult,
  mostPoint,
  type WordCounts,
} from "../result.ts";
import { percent } from "../../lib/base/format.ts";
import { type WordClass, wordClasses } from "../../lib/clinical/word_classes.ts";

export const interval = ({ low, high }: Estimate, show: (value: number) => string): string =>
  `${show(low)} to ${show(high)}`;

const bits = (value: number) => value.toFixed(3);

/** A figure with its interval in small print. */
export function withInterval(
  estimate: Estimate | undefined | null,
  show: (value: number) => string,
): Content {
  if (!estimate) return "—";
  return html`${show(estimate.value)} <small>${interval(estimate, show)}</small>`;
}

export function modelTable(models: readonly ModelResult[]): Content {
  return table({
    columns: ["model", "bits per character", "next word", "top 3"]
      .concat("keystrokes saved", "net of reading", "from confidence", "accepted"),
    rows: models.map(({ name, bitsPerCharacter, nextWord, keystrokes }) => {
      const best = bestPoint(keystrokes);
      return [
        name,
        withInterval(bitsPerCharacter, bits),
        withInterval(nextWord?.top1, percent),
        withInterval(nextWord?.top3, percent),
        withInterval(mostPoint(keystrokes)?.savings, percent),
        withInterval(best?.netSavings, percent),
        best === undefined ? "—" : `${best.threshold}`,
        best === undefined ? "—" : percent(best.acceptance),
      ];
    }),
  });
}

export function splitTable({ bySplit }: EvalReport): Content {
  return table({
    columns: ["split", "notes", "bits per character", "loss, nats per token", "perplexity"],
    rows: Object.entries(bySplit).map(([split, score]) => [
      split,
      score.notes,
      withInterval(score.bitsPerCharacter, bits),
      withInterval(score.natsPerToken, bits),
      score.perplexity.toFixed(1),
    ]),
  });
}

/** Every difference between ours and a baseline, with its corrected p-value. */
export function contestTable(contests: readonly Contest[]): Content {
  const words = { beaten: "better", "not told apart": "not told apart", behind: "behind" };
  return table({
    columns: ["model", "against", "measure", "difference", "95% interval", "corrected p", "is"],
    rows: contests.map(({ ours, baseline, measure, difference, adjustedP, outcome }) => [
      ours,
      baseline,
      measure,
      differenceOf(measure, difference.value),
      interval(difference, (value) => differenceOf(measure, value)),
      pValue(adjustedP),
      words[outcome],
    ]),
  });
}

/** The curve of one model, threshold by threshold. */
export function curveTable({ keystrokes }: ModelResult): Content {
  return table({
    columns: ["from confidence", "saved", "net of reading", "word by word"]
      .concat("shown", "new to read", "accepted", "characters accepted"),
    rows: keystrokes!.curve.map((point) => [
      point.threshold === keystrokes!.best
        ? html`<b>${`${point.threshold}`}</b>`
        : `${point.threshold}`,
      withInterval(point.savings, percent),
      withInterval(point.netSavings, percent),
      percent(point.wordByWord.value),
      percent(point.shownRate),
      percent(point.readRate),
      percent(point.acceptance),
      point.acceptedLength.toFixed(1),
    ]),
  });
}

const titles: Record<WordClass, string> = {
  word: "words",
  number: "numbers",
  medication: "drugs and doses",
  lab: "lab values",
  redacted: "___",
};

const shares = ({ words, top1, top3 }: WordCounts) =>
  words === 0 ? "—" : `${percent(top1 / words)} / ${percent(top3 / words)}`;

export function classTable(models: readonly ModelResult[]): Content {
  const measured = models.filter(({ nextWord }) => nextWord !== null);
  const first = measured[0].nextWord!;
  return table({
    caption: "At the beginning of a word: first / among the first three",
    columns: [
      "model",
      ...wordClasses.map((name) => `${titles[name]} (${first.byClass[name].words})`),
      ...(first.outOfVocabulary ? [`never seen (${first.outOfVocabulary.words})`] : []),
    ],
    rows: measured.map(({ name, nextWord }) => [
      name,
      ...wordClasses.map((wordClass) => shares(nextWord!.byClass[wordClass])),
      ...(nextWord!.outOfVocabulary ? [shares(nextWord!.outOfVocabulary)] : []),
    ]),
  });
}

export function midWordTable(models: readonly ModelResult[]): Content {
  const measured = models.filter(({ nextWord }) => nextWord !== null);
  const cell = ({ top1, top3 }: { top1: Estimate; top3: Estimate }) =>
    html`${percent(top1.value)} / ${percent(top3.value)} <small>${interval(top1, percent)}</small>`;
  return table({
    caption: "By letters typed: first / among the first three, and the first's interval",
    columns: ["model", "none", "one", "two", "three"],
    rows: measured.map(({ name, nextWord }) => [
      name,
      cell(nextWord!),
      ...nextWord!.midWord.map(cell),
    ]),
  });
}

export function latencyTable(engines: readonly LatencyResult[]): Content {
  const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  return table({
    columns: ["engine", "first in a note, median", "95%", "next key, median", "95%"],
    rows: engines.map(({ engine, first, next }) => [
      engine,
      ms(first.p50),
      ms(first.p95),
      ms(next.p50),
      ms(next.p95),
    ]),
  });
}

export function ablationTable({ rows }: AblationResult): Content {
  const points = (value: number) =>
    `${value < 0 ? "−" : "+"}${(100 * Math.abs(value)).toFixed(1)} points`;
  return table({
    columns: ["rule switched off", "saved", "net of reading", "change of net"]
      .concat("shown", "accepted", "characters accepted"),
    rows: rows.map((row) => [
      row.rule === "none" ? html`<b>none</b>` : row.rule,
      percent(row.savings.value),
      percent(row.netSavings.value),
      row.difference === null
        ? "—"
        : html`${points(row.difference.value)} <small>${interval(row.difference, points)}</small>`,
      percent(row.shownRate),
      percent(row.acceptance),
      row.acceptedLength.toFixed(1),
    ]),
  });
}

/** A suggestion at its caret: green if it was what follows, red and struck out if not. */
export function example({ before, suggestion, confidence, follows }: Example): Content {
  const right = follows.startsWith(suggestion);
  const shown = right ? html`<ins>${suggestion}</ins>` : html`<del>${suggestion}</del>`;
  const rest = right ? follows.slice(suggestion.length) : follows;
  return html`<p class="example">…${before}${shown}${rest}…<small>shown at ${
    percent(confidence)
  }</small></p>`;
}

/** Validation bits per character of the GPT alone and combined with n-grams. */
export function mixtureTable({ mixture }: EvalReport): Content {
  const { gpt, table: alone, gptAndTable, gptAndNote, mixture: all } = mixture.validation;
  const rows: [string, number | null][] = [
    ["GPT alone", gpt],
    ["n-gram table alone", alone],
    ["GPT and n-gram table", gptAndTable],
    ["GPT and the note's own n-grams", gptAndNote],
    ["all together", all],
  ];
  return table({
    caption: `Bits per character of ${mixture.validation.notes} validation notes` +
      (mixture.tableBytes === 0 ? "" : `; the table has ${bytes(mixture.tableBytes)}, of phrases ` +
        `in notes of at least ${mixture.minPatients} patients`),
    columns: ["model", "bits per character"],
    rows: rows.flatMap(([name, value]) => value === null ? [] : [[name, value.toFixed(3)]]),
  });
}
