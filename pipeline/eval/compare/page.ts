/** Runs side by side as a self-contained page. */

import { ink, renderChart } from "../../lib/base/page/chart.ts";
import { type Content, figure, html, table } from "../../lib/base/page/html.ts";
import { page } from "../../lib/base/page/page.ts";
import type { Comparison } from "./compare.ts";
import { differenceOf, figureOf, pValue } from "./contests.ts";

/** compare.json as HTML text. */
export async function comparePage(comparison: Comparison): Promise<string> {
  const { runs, notes, split, readingCost, created } = comparison;
  const [first] = runs;
  return page({
    title: `${runs.map(({ run }) => run).join(", ")}: side by side`,
    subtitle: `${notes.scored} ${split} notes scored, ${notes.typed} typed, the same for all; ` +
      created.slice(0, 10),
    summary: [
      table({
        columns: ["run", "measured as", "parameters", "shown from confidence"],
        rows: runs.map(({ run, model, parameters, threshold }) => [
          run,
          model,
          parameters.toLocaleString("en-US"),
          `${threshold}`,
        ]),
      }),
    ],
    sections: [
      {
        id: "figures",
        title: "Figures",
        lead: "95% intervals over notes. Each run is taken as the model of it that is served.",
        body: figureTable(comparison),
      },
      {
        id: "differences",
        title: `Against ${first.run}`,
        lead: "Differences on the same notes, by a paired bootstrap: what makes a note hard for " +
          "both cancels out. p-values are corrected for the number of comparisons (Holm's method); " +
          "below 0.05 a difference is taken for real.",
        body: [await differenceChart(comparison), differenceTable(comparison)],
      },
    ],
    footer: `Net savings: reading a new suggestion is taken to cost ${readingCost} keys.`,
  });
}

function figureTable({ runs, measures }: Comparison): Content {
  return table({
    columns: ["measure", ...runs.map(({ run }) => run)],
    rows: measures.map(({ name, values }) => [
      name,
      ...values.map(({ value, low, high }) =>
        html`${figureOf(name, value)} <small>${figureOf(name, low)} to ${
          figureOf(name, high)
        }</small>`
      ),
    ]),
  });
}

function differenceTable({ runs, measures }: Comparison): Content {
  return table({
    columns: ["measure", "run", "difference", "95% interval", "corrected p", "which is"],
    rows: measures.flatMap(({ name, more, differences }) =>
      differences.map(({ value, low, high, adjustedP }, index) => [
        name,
        runs[index + 1].run,
        differenceOf(name, value),
        `${differenceOf(name, low)} to ${differenceOf(name, high)}`,
        pValue(adjustedP),
        adjustedP >= 0.05 ? "not told apart" : (value > 0) === more ? "better" : "worse",
      ])
    ),
  });
}

/** Shares only: bits per character has another scale. */
async function differenceChart({ runs, measures }: Comparison): Promise<Content> {
  const values = measures.filter(({ name }) => name !== "bits per character").flatMap((
    { name, differences },
  ) =>
    differences.map(({ value, low, high }, index) => ({
      measure: name,
      run: runs[index + 1].run,
      value,
      low,
      high,
    }))
  );
  const y = { field: "measure", type: "nominal", sort: null, title: null };
  const yOffset = { field: "run", sort: null };
  const color = {
    field: "run",
    type: "nominal",
    sort: null,
    title: null,
    legend: runs.length > 2 ? {} : null,
  };
  const axis = { format: "+%" };
  const chart = await renderChart({
    width: 520,
    height: { step: 26 },
    data: { values },
    layer: [
      {
        mark: { type: "rule", color: ink("muted"), strokeDash: [4, 4] },
        encoding: { x: { datum: 0 } },
      },
      {
        mark: { type: "rule", strokeWidth: 2 },
        encoding: {
          y,
          yOffset,
          color,
          x: { field: "low", type: "quantitative", title: "difference", axis },
          x2: { field: "high" },
        },
      },
      {
        mark: { type: "point", size: 60 },
        encoding: { y, yOffset, color, x: { field: "value", type: "quantitative" } },
      },
    ],
  }, `Differences of each run from ${runs[0].run} with their 95% intervals.`);
  return figure(chart.inline, "Points right of the dashed line are better than the first run.");
}
