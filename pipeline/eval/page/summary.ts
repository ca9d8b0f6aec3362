/** The evaluation as a terminal table. */

import { percent } from "../../lib/base/format.ts";
import {
  bestPoint,
  type Contest,
  type EvalReport,
  type ModelResult,
  mostPoint,
  type NearCopies,
} from "../result.ts";

const headers = ["", "bits/char", "next word", "top 3", "savings", "at τ"]
  .concat("net", "at τ", "accepted", "length");

/** One row a model, then what to know of the notes, then whether the GPT beats the baselines. */
export function summary(report: EvalReport): string {
  const { models, readingCost, served, placeholders, nearCopies } = report;
  const lines = modelLines(models);
  const notes = [
    `Served: ${served.system}, from confidence ${served.minConfidence}. Every τ was chosen on ` +
    `validation notes; net: reading a new suggestion costs ${readingCost} keys.`,
  ];
  if (placeholders.characters > 0) {
    notes.push(
      `De-identified text (___), ${
        percent(placeholders.share)
      } of the characters, is neither typed ` +
        "nor asked for.",
    );
  }
  if (nearCopies) notes.push(nearCopyText(report.notes, nearCopies));
  const without = nearCopies && nearCopies.scored + nearCopies.typed > 0 && nearCopies.without;
  if (without) notes.push("", "Without those notes:", ...modelLines(without.models), "");
  return [...lines, ...notes, ...verdicts(report), ...certainty(report)].join("\n");
}

/** How many of the leads over baselines are more than chance, in plain words. */
export function certainty({ contests }: Pick<EvalReport, "contests">): string[] {
  if (contests.length === 0) return [];
  const beaten = contests.filter(({ outcome }) => outcome === "beaten").length;
  const ahead = contests.filter(({ outcome }) => outcome !== "behind").length;
  return [
    `Ahead of the baselines in ${ahead} of ${contests.length} comparisons, in ${beaten} beyond chance ` +
    "(p below 0.05, corrected for the number of comparisons by Holm's method).",
  ];
}

/** How many notes repeat a training note, in plain words. */
export function nearCopyText(
  { scored: all }: EvalReport["notes"],
  { scored, typed, without }: NearCopies,
): string {
  if (scored + typed === 0) return `None of the ${all} notes repeats a training note.`;
  return `${scored} of the ${all} notes repeat passages of a training note, which flatters every ` +
    `model that has read it` +
    (without ? "." : "; too few others are left to be measured without them.");
}

function modelLines(models: readonly ModelResult[]): string[] {
  const rows = [headers, ...models.map(row)];
  const widths = headers.map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  return rows.map((cells) =>
    cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
    ).join("  ").trimEnd()
  );
}

function row({ name, bitsPerCharacter, nextWord, keystrokes }: ModelResult): string[] {
  const best = bestPoint(keystrokes), most = mostPoint(keystrokes);
  return [
    name,
    bitsPerCharacter === null ? "" : bitsPerCharacter.value.toFixed(3),
    nextWord === null ? "" : percent(nextWord.top1.value),
    nextWord === null ? "" : percent(nextWord.top3.value),
    most === undefined ? "" : percent(most.savings.value),
    most === undefined ? "" : `${most.threshold}`,
    best === undefined ? "" : percent(best.netSavings.value),
    best === undefined ? "" : `${best.threshold}`,
    best === undefined ? "" : percent(best.acceptance),
    best === undefined ? "" : best.acceptedLength.toFixed(1),
  ];
}

/** One sentence for every measure in which a baseline is at least as good as what would be served. */
export const verdicts = ({ contests }: Pick<EvalReport, "contests">): string[] =>
  outcomes(contests, "behind").flatMap(({ ours, measures }) =>
    measures.map(({ measure, baselines }) =>
      `${ours} does not beat ${baselines.join(", ")} in ${measure}.`
    )
  );

/** Models of ours, the measures in which a contest ended so, and against whom. */
export interface Outcomes {
  ours: string;
  measures: { measure: string; baselines: string[] }[];
}

/** The contests with one outcome, by model and measure. */
export function outcomes(contests: readonly Contest[], outcome: Contest["outcome"]): Outcomes[] {
  const found: Outcomes[] = [];
  for (const { ours, measure, baseline } of contests.filter((one) => one.outcome === outcome)) {
    let model = found.find((one) => one.ours === ours);
    if (model === undefined) found.push(model = { ours, measures: [] });
    const known = model.measures.find((one) => one.measure === measure);
    if (known === undefined) model.measures.push({ measure, baselines: [baseline] });
    else known.baselines.push(baseline);
  }
  return found;
}
