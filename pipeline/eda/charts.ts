/** The report's charts as Vega-Lite specifications. Each is rendered for the page and as a file. */

import { ink } from "../lib/base/page/chart.ts";
import type { Lengths } from "./lengths.ts";
import type { LineReport } from "./lines.ts";
import type { SectionReport } from "./sections.ts";
import type { Vocabulary } from "./vocabulary_report.ts";

/** The page is 944 pixels wide; axes take the rest. */
const WIDTH = 850, HEIGHT = 240;
const HALF = 380;
const ROW = 22;

type Spec = Record<string, unknown>;
const size = { width: WIDTH, height: HEIGHT };

/** Notes by length, with a rule at the median. */
export function lengthChart(lengths: Lengths, unit: string): Spec {
  const last = lengths.histogram.at(-1)!;
  return {
    ...size,
    layer: [
      {
        data: { values: lengths.histogram },
        mark: { type: "bar", binSpacing: 1, color: ink("series1") },
        encoding: {
          x: {
            field: "from",
            type: "quantitative",
            bin: { binned: true },
            title: lengths.max > last.to ? `${unit} (the last bar: and more)` : unit,
            axis: { format: ",d", tickCount: 8 },
          },
          x2: { field: "to" },
          y: {
            field: "notes",
            type: "quantitative",
            title: "notes",
            axis: { format: ",d", tickCount: 5 },
          },
        },
      },
      {
        data: {
          values: [{
            at: lengths.median,
            label: `median ${lengths.median.toLocaleString("en-US")}`,
          }],
        },
        encoding: { x: { field: "at", type: "quantitative" } },
        layer: [
          { mark: { type: "rule", color: ink("series2"), strokeWidth: 1.5 } },
          {
            mark: {
              type: "text",
              align: "left",
              dx: 6,
              dy: 6,
              color: ink("series2"),
              baseline: "top",
            },
            encoding: { text: { field: "label" }, y: { value: 0 } },
          },
        ],
      },
    ],
  };
}

/** Count against rank, both on log scales. */
export const zipfChart = ({ zipf }: Vocabulary): Spec => ({
  width: HALF,
  height: HEIGHT,
  data: { values: zipf },
  mark: { type: "line", point: { size: 14 } },
  encoding: {
    x: {
      field: "rank",
      type: "quantitative",
      scale: { type: "log" },
      title: "rank of the word",
      axis: logAxis,
    },
    y: {
      field: "count",
      type: "quantitative",
      scale: { type: "log" },
      title: "occurrences",
      axis: logAxis,
    },
  },
});

/** 1.5M, 20k, and 0 without a unit. */
const thousands = "datum.value === 0 ? '0' : format(datum.value, '~s')";
const logAxis = { format: "~s", values: Array.from({ length: 10 }, (_, power) => 10 ** power) };

/** Different words against words read. */
export const heapsChart = ({ heaps }: Vocabulary): Spec => ({
  width: HALF,
  height: HEIGHT,
  data: { values: [{ words: 0, distinct: 0 }, ...heaps] },
  mark: { type: "line" },
  encoding: {
    x: {
      field: "words",
      type: "quantitative",
      title: "words read",
      axis: { labelExpr: thousands, tickCount: 6 },
    },
    y: {
      field: "distinct",
      type: "quantitative",
      title: "different words",
      axis: { labelExpr: thousands, tickCount: 5 },
    },
  },
});

/** Room for the longest header of MIMIC; Vega's own estimate without a browser is a third too wide. */
const LABELS = 240;

/** Horizontal bars, in the order given, with the value at the end of each. */
export function barChart(
  rows: readonly { label: string; value: number; text: string }[],
): Spec {
  const y = {
    field: "label",
    type: "nominal",
    sort: null,
    title: null,
    axis: {
      labelLimit: 400,
      maxExtent: LABELS,
      labelColor: ink("ink"),
      labelFontSize: 12,
      domain: false,
    },
  };
  return {
    width: 520,
    height: rows.length * ROW,
    data: { values: rows },
    encoding: { y },
    layer: [
      {
        mark: { type: "bar", height: { band: 0.7 }, cornerRadiusEnd: 2 },
        encoding: {
          x: {
            field: "value",
            type: "quantitative",
            title: null,
            axis: { grid: false, labels: false, ticks: false, domain: false },
          },
        },
      },
      {
        mark: { type: "text", align: "left", dx: 5, color: ink("muted") },
        encoding: { x: { field: "value", type: "quantitative" }, text: { field: "text" } },
      },
    ],
  };
}

/** Blocks narrower than this share of the text have no room for a label. */
const LABELLED = 0.026;

/** The average note as a page: each section a block, as tall as its share of the text. */
export function anatomyChart({ sections, preamble_share_of_text }: SectionReport): Spec {
  const parts = [
    { name: "before the first section", share: preamble_share_of_text },
    ...sections.map(({ name, share_of_text }) => ({ name, share: share_of_text })),
  ].filter(({ share }) => share > 0);
  let at = 0;
  const values = parts.map(({ name, share }, index) => {
    const from = at;
    at += share;
    const label = share < LABELLED ? "" : `${name}  ${(share * 100).toFixed(0)}%`;
    return { from, to: at, middle: (from + at) / 2, opacity: index % 2 === 0 ? 0.8 : 0.45, label };
  });
  const y = { type: "quantitative", scale: { domain: [0, 1], reverse: true }, axis: null };
  return {
    width: 520,
    height: 480,
    data: { values },
    layer: [
      {
        mark: { type: "bar", width: 150, xOffset: 75 },
        encoding: {
          x: { value: 0 },
          y: { field: "from", ...y },
          y2: { field: "to" },
          opacity: { field: "opacity", type: "quantitative", scale: null },
        },
      },
      {
        mark: { type: "text", align: "left", baseline: "middle", fontSize: 12 },
        encoding: {
          x: { value: 162 },
          y: { field: "middle", ...y },
          text: { field: "label" },
        },
      },
    ],
  };
}

/** Lines by length: wrapped notes pile up just below the wrap width. */
export function lineChart({ length_histogram, wrapped_at }: LineReport): Spec {
  const values = length_histogram.slice(0, 160);
  const rule = wrapped_at === null ? [] : [{
    data: { values: [{ at: wrapped_at, label: `wrapped at ${wrapped_at}` }] },
    encoding: { x: { field: "at", type: "quantitative" } },
    layer: [
      { mark: { type: "rule", color: ink("series2"), strokeWidth: 1.5 } },
      {
        mark: { type: "text", align: "left", dx: 6, dy: 6, baseline: "top", color: ink("series2") },
        encoding: { text: { field: "label" }, y: { value: 0 } },
      },
    ],
  }];
  return {
    ...size,
    height: HEIGHT * 0.75,
    layer: [
      {
        data: { values },
        mark: { type: "area", color: ink("series1"), opacity: 0.85, interpolate: "step" },
        encoding: {
          x: {
            field: "length",
            type: "quantitative",
            title: "characters in the line",
            axis: { tickCount: 8 },
          },
          y: {
            field: "lines",
            type: "quantitative",
            title: "lines",
            axis: { labelExpr: thousands, tickCount: 5 },
          },
        },
      },
      ...rule,
    ],
  };
}

/** Patients by their number of notes; the last bar is everyone with that many or more. */
export function perPatientChart(rows: readonly { notes: number; patients: number }[]): Spec {
  const most = 12;
  const values = Array.from({ length: Math.min(most, rows.at(-1)!.notes) }, (_, index) => ({
    notes: index + 1 === most ? `${most}+` : String(index + 1),
    patients: rows
      .filter(({ notes }) => index + 1 === most ? notes >= most : notes === index + 1)
      .reduce((sum, { patients }) => sum + patients, 0),
  }));
  return {
    width: HALF,
    height: HEIGHT * 0.6,
    data: { values },
    mark: { type: "bar" },
    encoding: {
      x: { field: "notes", type: "nominal", sort: null, title: "notes of the patient" },
      y: {
        field: "patients",
        type: "quantitative",
        title: "patients",
        axis: { format: ",d", tickCount: 4 },
      },
    },
  };
}

/** Notes by year of charting. */
export const yearChart = (years: readonly { year: number; notes: number }[]): Spec => ({
  width: HALF,
  height: HEIGHT * 0.6,
  data: { values: years },
  mark: { type: "bar", binSpacing: 0 },
  encoding: {
    x: {
      field: "year",
      type: "quantitative",
      title: "year of charting",
      scale: { zero: false, nice: false },
      axis: { format: "d" },
    },
    y: {
      field: "notes",
      type: "quantitative",
      title: "notes",
      axis: { format: ",d", tickCount: 4 },
    },
  },
});
