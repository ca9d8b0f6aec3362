/** The charts of an evaluation page. */

import { ink, renderChart } from "../../lib/base/page/chart.ts";
import { type Content, figure } from "../../lib/base/page/html.ts";
import type { Calibration } from "../measure/calibration_error.ts";
import type { CurvePoint } from "../../lib/gpt/typing/curve.ts";
import type { ModelResult } from "../result.ts";

const size = { width: 520, height: 260 };
const x = { field: "threshold", type: "quantitative", title: "least confidence shown" };
const color = {
  field: "model",
  type: "nominal",
  title: null,
  sort: null,
  legend: { labelLimit: 240 },
};

/** Net savings and acceptance against the threshold, by model; `served` with its interval. */
export async function thresholdCharts(
  models: readonly ModelResult[],
  served: ModelResult,
): Promise<Content> {
  const typed = models.filter(({ keystrokes }) => keystrokes !== null);
  const values = typed.flatMap(({ name, keystrokes }) =>
    keystrokes!.curve.map(({ threshold, netSavings, acceptance }) => ({
      model: name,
      threshold,
      net: netSavings.value,
      low: netSavings.low,
      high: netSavings.high,
      acceptance,
    }))
  );
  const percent = (field: string, title: string) => ({
    field,
    type: "quantitative",
    title,
    axis: { format: "%" },
  });
  const savings = await renderChart({
    ...size,
    data: { values },
    layer: [
      {
        transform: [{ filter: { field: "model", equal: served.name } }],
        mark: { type: "area", opacity: 0.15, color: ink("muted") },
        encoding: { x, y: percent("low", "net keystrokes saved"), y2: { field: "high" } },
      },
      {
        mark: { type: "line", point: true },
        encoding: { x, y: { field: "net", type: "quantitative" }, color },
      },
    ],
  }, "Net savings against the least confidence at which a suggestion is shown, by model.");
  const acceptance = await renderChart({
    ...size,
    data: { values },
    mark: { type: "line", point: true },
    encoding: { x, y: percent("acceptance", "accepted of shown"), color },
  }, "Share of shown suggestions that the typist accepts, against the confidence threshold.");
  return [
    figure(
      savings.inline,
      `Keystrokes saved, less what reading costs. The band is the 95% interval of ${served.name}.`,
    ),
    figure(acceptance.inline, "Of the suggestions shown, how many were right to the last letter."),
  ];
}

/** Net savings of one model at several reading costs. */
export async function costChart(curve: readonly CurvePoint[]): Promise<Content> {
  const values = curve.flatMap(({ threshold, netAtCost }) =>
    netAtCost.map(({ cost, value }) => ({
      threshold,
      value,
      model: `${cost} ${cost === 1 ? "key" : "keys"}`,
    }))
  );
  const chart = await renderChart({
    ...size,
    data: { values },
    layer: [
      { mark: { type: "rule", strokeDash: [4, 4] }, encoding: { y: { datum: 0 } } },
      {
        mark: { type: "line", point: true },
        encoding: {
          x,
          y: {
            field: "value",
            type: "quantitative",
            title: "net keystrokes saved",
            axis: { format: "%" },
          },
          color,
        },
      },
    ],
  }, "Net savings against the threshold, for several costs of reading a suggestion.");
  return figure(chart.inline, "The more a glance costs, the surer a suggestion has to be.");
}

/** Share right against confidence, with the line on which both are equal. */
export async function reliabilityChart({ bins, ece }: Calibration): Promise<Content> {
  const axis = { type: "quantitative", scale: { domain: [0, 1] }, axis: { format: "%" } };
  const chart = await renderChart(
    {
      width: 320,
      height: 320,
      data: { values: bins },
      layer: [
        {
          data: { values: [{ at: 0 }, { at: 1 }] },
          mark: { type: "line", color: ink("muted"), strokeDash: [4, 4], strokeWidth: 1 },
          encoding: { x: { field: "at", ...axis }, y: { field: "at", ...axis } },
        },
        {
          mark: { type: "line", point: { size: 60 } },
          encoding: {
            x: { field: "confidence", title: "confidence shown", ...axis },
            y: { field: "right", title: "share that was right", ...axis },
          },
        },
      ],
    },
    "Reliability: share of suggestions that were right against the confidence they were shown with.",
  );
  return figure(
    chart.inline,
    `Ten groups of equally many suggestions. On the dashed line confidence means what it says; ` +
      `expected calibration error ${(100 * ece.value).toFixed(1)} points ` +
      `(${(100 * ece.low).toFixed(1)} to ${(100 * ece.high).toFixed(1)}).`,
  );
}

/** Bits per character by group, one point a model with its interval. */
export async function groupChart(
  models: readonly ModelResult[],
  key: "bySection" | "byPosition",
  description: string,
): Promise<Content> {
  const values = models.flatMap((model) =>
    (model[key] ?? []).map(({ group, bitsPerCharacter: { value, low, high } }) => ({
      model: model.name,
      group: group.toLowerCase(),
      value,
      low,
      high,
    }))
  );
  const y = { field: "group", type: "nominal", sort: null, title: null, axis: { labelLimit: 400 } };
  const yOffset = { field: "model", sort: null };
  const chart = await renderChart({
    width: 460,
    height: { step: 9 },
    data: { values },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 1.5 },
        encoding: {
          y,
          yOffset,
          color,
          x: {
            field: "low",
            type: "quantitative",
            title: "bits per character",
            scale: { zero: false },
          },
          x2: { field: "high" },
        },
      },
      {
        mark: { type: "point", size: 30 },
        encoding: { y, yOffset, color, x: { field: "value", type: "quantitative" } },
      },
    ],
  }, description);
  return figure(chart.inline, "Points with 95% intervals over notes; further left is better.");
}
