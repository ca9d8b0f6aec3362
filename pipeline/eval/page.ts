/** The evaluation as a self-contained page. */

import { ink, renderChart } from "../report/chart.ts";
import { type Content, figure, html, notice, table, tiles } from "../report/html.ts";
import { page } from "../report/page.ts";
import type { Estimate } from "../measure/bootstrap.ts";
import type { EvalReport, ModelResult } from "./result.ts";
import { bestPoint, percent, verdicts } from "./summary.ts";

/** eval.json as HTML text. */
export async function reportPage(report: EvalReport): Promise<string> {
  const { run, checkpoint, split, notes, models, definitions } = report;
  const gpt = models.filter(({ ours }) => ours).reduce((a, b) =>
    bestPoint(b.keystrokes)!.savings.value > bestPoint(a.keystrokes)!.savings.value ? b : a
  );
  const best = bestPoint(gpt.keystrokes);
  const worse = verdicts(report);
  return page({
    title: `Evaluation of ${run}`,
    subtitle: `${gpt.name}` +
      (checkpoint.step === null ? "" : `, trained for ${checkpoint.step} steps`) +
      `, ${checkpoint.parameters.toLocaleString("en-US")} parameters; ` +
      `${notes.scored} ${split} notes scored, ${notes.typed} typed` +
      (notes.excerpt === 0 ? "; " : ` (${notes.excerpt} characters of each); `) +
      `${report.created.slice(0, 10)}`,
    summary: [
      tiles([
        {
          label: "keystrokes saved",
          value: best ? percent(best.savings.value) : "—",
          note: best ? `at confidence ≥ ${best.threshold}, ${interval(best.savings, percent)}` : "",
        },
        {
          label: "suggestions accepted",
          value: best ? percent(best.acceptance) : "—",
          note: best ? `shown at ${percent(best.shownRate)} of carets` : "",
        },
        {
          label: "next word right",
          value: gpt.nextWord ? percent(gpt.nextWord.top1.value) : "—",
          note: gpt.nextWord ? `${percent(gpt.nextWord.top3.value)} among the first three` : "",
        },
        {
          label: "bits per character",
          value: gpt.bitsPerCharacter?.value.toFixed(3) ?? "—",
          note: gpt.bitsPerCharacter
            ? interval(gpt.bitsPerCharacter, (value) => value.toFixed(3))
            : "",
        },
      ]),
      worse.map((sentence) => notice(sentence)),
    ],
    sections: [
      {
        id: "models",
        title: "Beside the n-gram models",
        lead: "Every model was measured by the same code on the same notes; intervals are 95%, " +
          "over notes.",
        body: modelTable(models),
      },
      {
        id: "threshold",
        title: "How sure to be before showing anything",
        lead: "A low threshold shows more and is wrong more often; reading a wrong suggestion " +
          "costs the typist nothing here, but does cost a person attention.",
        body: await thresholdCharts(models),
      },
      {
        id: "words",
        title: "Which words it knows",
        lead: "De-identified words (___) are never offered, so they always count as missed.",
        body: classTable(models),
      },
      {
        id: "definitions",
        title: "What the figures mean",
        body: table({
          columns: ["figure", "definition"],
          rows: Object.entries(definitions),
        }),
      },
    ],
  });
}

const interval = ({ low, high }: Estimate, show: (value: number) => string) =>
  `${show(low)} to ${show(high)}`;

function withInterval(estimate: Estimate | undefined | null, show: (value: number) => string) {
  if (!estimate) return "—";
  return html`${show(estimate.value)} <small>${interval(estimate, show)}</small>`;
}

function modelTable(models: readonly ModelResult[]): Content {
  return table({
    columns: [
      "model",
      "bits per character",
      "next word",
      "top 3",
      "keystrokes saved",
      "at confidence",
      "accepted",
    ],
    rows: models.map(({ name, bitsPerCharacter, nextWord, keystrokes }) => {
      const best = bestPoint(keystrokes);
      return [
        name,
        withInterval(bitsPerCharacter, (value) => value.toFixed(3)),
        withInterval(nextWord?.top1, percent),
        withInterval(nextWord?.top3, percent),
        withInterval(best?.savings, percent),
        best === undefined ? "—" : `${best.threshold}`,
        best === undefined ? "—" : percent(best.acceptance),
      ];
    }),
  });
}

async function thresholdCharts(models: readonly ModelResult[]): Promise<Content> {
  const typed = models.filter(({ keystrokes }) => keystrokes !== null);
  const values = typed.flatMap(({ name, keystrokes }) =>
    keystrokes!.curve.map(({ threshold, savings, acceptance }) => ({
      model: name,
      threshold,
      savings: savings.value,
      low: savings.low,
      high: savings.high,
      acceptance,
    }))
  );
  const x = { field: "threshold", type: "quantitative", title: "least confidence shown" };
  const legend = { labelLimit: 240 };
  const color = { field: "model", type: "nominal", title: null, sort: null, legend };
  const size = { width: 520, height: 260 };
  const savings = await renderChart({
    ...size,
    data: { values },
    layer: [
      {
        transform: [{ filter: { field: "model", equal: typed[0].name } }],
        mark: { type: "area", opacity: 0.15, color: ink("series1") },
        encoding: {
          x,
          y: {
            field: "low",
            type: "quantitative",
            title: "keystrokes saved",
            axis: { format: "%" },
          },
          y2: { field: "high" },
        },
      },
      {
        mark: { type: "line", point: true },
        encoding: { x, y: { field: "savings", type: "quantitative" }, color },
      },
    ],
  }, "Keystrokes saved against the least confidence at which a suggestion is shown, by model.");
  const acceptance = await renderChart({
    ...size,
    data: { values },
    mark: { type: "line", point: true },
    encoding: {
      x,
      y: {
        field: "acceptance",
        type: "quantitative",
        title: "accepted of shown",
        axis: { format: "%" },
      },
      color,
    },
  }, "Share of shown suggestions that the typist accepts, against the confidence threshold.");
  return [
    figure(savings.inline, "Keystrokes saved. The band is the 95% interval of the first model."),
    figure(acceptance.inline, "Of the suggestions shown, how many were right to the last letter."),
  ];
}

function classTable(models: readonly ModelResult[]): Content {
  const classes = ["word", "number", "redacted"] as const;
  const titles = { word: "words", number: "numbers", redacted: "___" };
  const cell = ({ words, top1, top3 }: { words: number; top1: number; top3: number }) =>
    words === 0 ? "—" : `${percent(top1 / words)} / ${percent(top3 / words)}`;
  const measured = models.filter(({ nextWord }) => nextWord !== null);
  return table({
    caption: "first / among the first three",
    columns: [
      "model",
      ...classes.map((name) =>
        `${titles[name]} (${measured[0]?.nextWord?.byClass[name].words ?? 0})`
      ),
    ],
    rows: measured.map(({ name, nextWord }) => [
      name,
      ...classes.map((wordClass) => cell(nextWord!.byClass[wordClass])),
    ]),
  });
}
