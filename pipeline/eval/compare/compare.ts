/**
 * `deno task eval --compare RUN RUN...`: tokenizers, sizes, trainings set against the first run on
 * the notes that all of them were evaluated on, from their eval.json alone.
 */

import { join } from "@std/path";
import { type Workspace } from "../../artifacts.ts";
import { readJson, writeAtomic, writeJson } from "../../lib/base/files.ts";
import { UsageError } from "../../lib/base/cli.ts";
import {
  bootstrap,
  type Difference,
  type Estimate,
  FINE_RESAMPLES,
  holm,
  pairedBootstrap,
} from "../../lib/base/bootstrap.ts";
import { comparePage } from "./page.ts";
import { differenceOf, figureOf, measures, pairs, pValue } from "./contests.ts";
import { type EvalReport, type ModelResult } from "../result.ts";

export interface ComparedRun {
  run: string;
  /** Which of its models: the one that is served. */
  model: string;
  parameters: number;
  threshold: number;
}

export interface ComparedMeasure {
  name: string;
  /** Whether more is better. */
  more: boolean;
  /** One a run: its figure on the common notes. */
  values: Estimate[];
  /**
   * One a run but the first: its figure minus the first run's; `adjustedP` is `p` corrected for the
   * number of differences in the whole comparison (Holm).
   */
  differences: (Difference & { adjustedP: number })[];
}

/** compare.json */
export interface Comparison {
  version: 2;
  created: string;
  split: string;
  readingCost: number;
  /** Notes that all runs have in common. */
  notes: { scored: number; typed: number };
  runs: ComparedRun[];
  measures: ComparedMeasure[];
}

/** Compares `names` by their eval.json, writes table and page, and returns the table as text. */
export async function compareRuns(paths: Workspace, names: readonly string[]): Promise<string> {
  if (names.length < 2 || new Set(names).size < names.length) {
    throw new UsageError(
      `--compare got ${names.join(" ")}, expected at least two different runs: --compare RUN RUN`,
    );
  }
  const reports: EvalReport[] = [];
  for (const name of names) {
    const path = join(paths.run(name).eval, "eval.json");
    reports.push(await readJson<EvalReport>(path, `deno task eval --run ${name}`));
  }
  const comparison = compare(names, reports);
  const folder = join(paths.root, "reports", "compare", names.join("-"));
  await writeJson(join(folder, "compare.json"), comparison);
  await writeAtomic(join(folder, "index.html"), await comparePage(comparison));
  return `${comparisonTable(comparison)}\n\nReport: ${join(folder, "index.html")}`;
}

/** The served model of each report on the notes that all reports share. */
export function compare(names: readonly string[], reports: readonly EvalReport[]): Comparison {
  const [first] = reports;
  reports.forEach(({ version, readingCost }, index) => {
    if (version === 3 && readingCost === first.readingCost) return;
    throw new RangeError(
      `Cannot compare ${names[index]} with ${names[0]}: version ${version} and reading cost ` +
        `${readingCost}, expected 3 and ${first.readingCost}; run "deno task calibrate --run ${
          names[index]
        }" and "deno task eval --run ${names[index]}" again`,
    );
  });
  const models = reports.map(servedModel);
  const results = measures(first.readingCost).map(({ name, more, rows, of }) => {
    const common = commonRows(names, models.map(rows), name);
    return {
      name,
      more,
      values: common.map((own) => bootstrap(own, of)),
      differences: common.slice(1).map((own) =>
        pairedBootstrap(pairs(common[0], own), of, FINE_RESAMPLES)
      ),
    };
  });
  const adjusted = holm(results.flatMap(({ differences }) => differences.map(({ p }) => p)));
  return {
    version: 2,
    created: new Date().toISOString(),
    split: first.split,
    readingCost: first.readingCost,
    notes: { scored: results[0].values[0].notes, typed: results[1].values[0].notes },
    runs: reports.map(({ checkpoint }, index) => ({
      run: names[index],
      model: models[index].name,
      parameters: checkpoint.parameters,
      threshold: models[index].keystrokes!.best,
    })),
    measures: results.map((measure) => ({
      ...measure,
      differences: measure.differences.map((one) => ({ ...one, adjustedP: adjusted.shift()! })),
    })),
  };
}

const servedModel = ({ models, served }: EvalReport): ModelResult =>
  models.find(({ name }) => name === served.system)!;

/** The rows of each run for the notes that all of them have, in the same order. */
function commonRows<Row extends { note: string; words?: number }>(
  names: readonly string[],
  rows: readonly (readonly Row[])[],
  measure: string,
): Row[][] {
  const shared = rows.slice(1).reduce(
    (left, own) => {
      const here = new Set(own.map(({ note }) => note));
      return left.filter(({ note }) => here.has(note));
    },
    [...rows[0]],
  );
  if (shared.length < 2) {
    throw new RangeError(
      `Cannot compare ${names.join(", ")} in ${measure}: ${shared.length} notes in common, ` +
        `expected at least 2; run "deno task eval" for all of them with the same flags`,
    );
  }
  const common = rows.map((own) => {
    const byNote = new Map(own.map((row) => [row.note, row]));
    return shared.map(({ note }) => byNote.get(note)!);
  });
  common.forEach((own, index) => {
    if (own.every(({ words }, note) => words === shared[note].words)) return;
    throw new RangeError(
      `Cannot compare ${names[index]} with ${names[0]}: other words were asked for in the same ` +
        `notes; run "deno task eval" for both with the same --notes, --excerpt and --words`,
    );
  });
  return common;
}

function comparisonTable({ runs, measures, notes, split }: Comparison): string {
  const lines = [`${notes.scored} ${split} notes scored, ${notes.typed} typed`];
  for (const { name, values, differences } of measures) {
    lines.push("", name);
    runs.forEach(({ run, model }, index) => {
      const { value, low, high } = values[index];
      const own = `${figureOf(name, value)} (${figureOf(name, low)} to ${figureOf(name, high)})`;
      const against = index === 0
        ? ""
        : (({ value, low, high, adjustedP }: ComparedMeasure["differences"][number]) =>
          `  ${differenceOf(name, value)} (${differenceOf(name, low)} to ${
            differenceOf(name, high)
          }), ${pValue(adjustedP)}`)(differences[index - 1]);
      lines.push(`  ${`${run}, ${model}`.padEnd(32)} ${own.padEnd(26)}${against}`);
    });
  }
  return lines.join("\n");
}
