/** The evaluation as a terminal table. */

import { bestPoint, type Contest, type EvalReport, type ModelResult, mostPoint } from "./result.ts";

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
export function verdicts({ contests }: Pick<EvalReport, "contests">): string[] {
  return sentences(contests, "behind", "does not beat");
}

/** One sentence for every measure in which the notes are too few to tell. */
export function undecided({ contests }: Pick<EvalReport, "contests">): string[] {
  return sentences(contests, "not told apart", "is ahead, but not beyond doubt, of");
}

function sentences(
  contests: readonly Contest[],
  outcome: Contest["outcome"],
  verb: string,
): string[] {
  const groups = new Map<string, { ours: string; measure: string; baselines: string[] }>();
  for (const { ours, measure, baseline, outcome: found } of contests) {
    if (found !== outcome) continue;
    const key = `${ours}|${measure}`;
    const group = groups.get(key) ?? { ours, measure, baselines: [] };
    group.baselines.push(baseline);
    groups.set(key, group);
  }
  return Array.from(
    groups.values(),
    ({ ours, measure, baselines }) => `${ours} ${verb} ${baselines.join(", ")} in ${measure}.`,
  );
}
