/** The evaluation as a terminal table. */

import type { Estimate } from "../measure/bootstrap.ts";
import type { EvalReport, ModelResult } from "./result.ts";

const headers = ["", "bits/char", "next word", "top 3", "savings", "at τ", "accepted", "length"];

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
  return [...lines, ...verdicts(report)].join("\n");
}

function row({ name, bitsPerCharacter, nextWord, keystrokes }: ModelResult): string[] {
  const best = bestPoint(keystrokes);
  return [
    name,
    bitsPerCharacter === null ? "" : bitsPerCharacter.value.toFixed(3),
    nextWord === null ? "" : percent(nextWord.top1.value),
    nextWord === null ? "" : percent(nextWord.top3.value),
    best === undefined ? "" : percent(best.savings.value),
    best === undefined ? "" : `${best.threshold}`,
    best === undefined ? "" : percent(best.acceptance),
    best === undefined ? "" : best.acceptedLength.toFixed(1),
  ];
}

/** The point of the curve with the highest savings. */
export function bestPoint(keystrokes: ModelResult["keystrokes"]) {
  return keystrokes?.curve.find(({ threshold }) => threshold === keystrokes.best);
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** One sentence for every figure in which a baseline is better than what would be served. */
export function verdicts({ models }: EvalReport): string[] {
  const measures: [string, (model: ModelResult) => Estimate | undefined, 1 | -1][] = [
    ["bits per character", (model) => model.bitsPerCharacter ?? undefined, -1],
    ["next word", (model) => model.nextWord?.top1, 1],
    ["keystroke savings", (model) => bestPoint(model.keystrokes)?.savings, 1],
  ];
  const baselines = models.filter(({ ours }) => !ours);
  return models.filter(({ ours }) => ours).flatMap((own) =>
    measures.flatMap(([name, figure, sign]) => {
      const value = figure(own)?.value;
      const better = baselines.filter((model) => {
        const other = figure(model)?.value;
        return value !== undefined && other !== undefined && sign * other > sign * value;
      });
      if (better.length === 0) return [];
      return [
        `${own.name} does not beat ${better.map((model) => model.name).join(", ")} in ${name}.`,
      ];
    })
  );
}
