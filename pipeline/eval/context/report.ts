/** The comparison without and with a patient's context, for the terminal and as a page. */

import { percent } from "../../lib/base/format.ts";
import { html, table } from "../../lib/base/page/html.ts";
import { page } from "../../lib/base/page/page.ts";
import type { Compared, ContextReport } from "./compare.ts";

const origins = {
  previous: "the patient's earlier notes",
  ingested: "the text that was ingested with each note",
} as const;

const points = (value: number) => `${value < 0 ? "−" : "+"}${(100 * Math.abs(value)).toFixed(1)}`;

/** Figure, without, with, difference in points with its interval. */
function rows(report: ContextReport): string[][] {
  const row = (name: string, { without, with: known, difference: d }: Compared) => [
    name,
    percent(without.value),
    percent(known.value),
    `${points(d.value)} (${points(d.low)} to ${points(d.high)})`,
  ];
  return [
    row("keystrokes saved", report.savings),
    row("net of reading", report.netSavings),
    row("net, what the context does not hold", report.netSavingsOfRest),
    row("next word first", report.top1),
    row("next word in first three", report.top3),
    numbersRow(report.numbers, row),
  ];
}

/** Of no numbers none is right or wrong. */
function numbersRow(
  { shown, right }: ContextReport["numbers"],
  row: (name: string, compared: Compared) => string[],
): string[] {
  const cells = row("shown numbers that are right", right);
  if (shown.without === 0) cells[1] = cells[3] = "–";
  if (shown.with === 0) cells[2] = cells[3] = "–";
  return cells;
}

const columns = ["", "without", "with context", "difference"];

const sentences = (report: ContextReport): string[] => [
  `${report.passages} passages of ${report.split} notes ` +
  (report.excerpt === 0 ? "(whole notes)" : `(${report.excerpt} characters)`) +
  ` with ${report.system}, from confidence ${report.minConfidence}; context: ` +
  `${origins[report.origin]}, ${report.contextCharacters.toLocaleString("en-US")} characters on ` +
  "average.",
  `${percent(report.shareOfRest)} of the characters do not stand in the context word for word. ` +
  `Numbers shown: ${report.numbers.shown.without} without, ${report.numbers.shown.with} with.`,
  `Of the accepted text, words that the context holds: ${copiedText(report.copied)}.`,
];

const copiedText = (copied: ContextReport["copied"]): string =>
  Object.entries(copied).sort(([, a], [, b]) => b - a)
    .map(([kind, share]) => `${percent(share)} from ${kind}`).join(", ") || "none";

/** A table and what to know of it. */
export function contextSummary(report: ContextReport): string {
  const all = [columns, ...rows(report)];
  const widths = columns.map((_, at) => Math.max(...all.map((cells) => cells[at].length)));
  const lines = all.map((cells) =>
    cells.map((cell, at) => at === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[at]))
      .join("  ").trimEnd()
  );
  return [...lines, ...sentences(report)].join("\n");
}

/** context.json as HTML text. */
export function contextPage(report: ContextReport): string {
  return page({
    title: `What the context of the patient is worth to ${report.run}`,
    subtitle: sentences(report)[0],
    summary: sentences(report).slice(1).map((sentence) => html`<p>${sentence}</p>`),
    sections: [{
      id: "figures",
      title: "Without and with it",
      lead: "Both typed the same passages; differences are paired, with 95% intervals over notes.",
      body: [table({ columns, rows: rows(report) })],
    }],
  });
}
