/** The evaluation as a terminal table. */

import {
  bestPoint,
  type Contest,
  type EvalReport,
  type ModelResult,
  mostPoint,
} from "../result.ts";

const headers = ["", "bits/char", "next word", "top 3", "savings", "at τ"]
  .concat("net", "at τ", "accepted", "length");

/** One row a model, then whether the GPT beats the baselines. */
export function summary(report: EvalReport): string {
  const rows = [headers, ...report.models.map(row)];
  const widths = headers.map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map((cells) =>
    cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
    )
      .join("  ")
  );
  const cost = `net: reading a new suggestion costs ${report.readingCost} keys`;
  return [...lines, cost, ...verdicts(report)].join("\n");
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

export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

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
