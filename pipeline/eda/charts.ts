/** The report's charts as Vega-Lite specifications. Each is rendered for the page and as a file. */

import { ink } from "../report/chart.ts";
import type { Lengths } from "./lengths.ts";
import type { LineReport } from "./lines.ts";
import type { SectionReport } from "./sections.ts";
import type { Vocabulary } from "./vocabulary_report.ts";

const WIDTH = 640, HEIGHT = 240;
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
  width: WIDTH * 0.62,
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

const logAxis = { format: "~s", values: Array.from({ length: 10 }, (_, power) => 10 ** power) };

/** Different words against words read. */
export const heapsChart = ({ heaps }: Vocabulary): Spec => ({
  width: WIDTH * 0.62,
  height: HEIGHT,
  data: { values: [{ words: 0, distinct: 0 }, ...heaps] },
  mark: { type: "line" },
  encoding: {
    x: {
      field: "words",
      type: "quantitative",
      title: "words read",
      axis: { format: "~s", tickCount: 6 },
    },
    y: {
      field: "distinct",
      type: "quantitative",
      title: "different words",
      axis: { format: "~s", tickCount: 5 },
    },
  },
});

/** Horizontal bars, in the order given, with the value at the end of each. */
export function barChart(
  rows: readonly { label: string; value: number; text: string }[],
  title: string,
): Spec {
  const y = {
    field: "label",
    type: "nominal",
    sort: null,
    title: null,
    axis: { labelLimit: 260, labelColor: ink("ink"), labelFontSize: 12, domain: false },
  };
  return {
    width: WIDTH * 0.72,
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
            title,
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

/** Where in a note each section stands and how much of the text it takes: one strip, top to bottom. */
export function anatomyChart({ sections, preamble_share_of_text }: SectionReport): Spec {
  const parts = [{ name: "(before the first section)", share: preamble_share_of_text }]
    .concat(sections.map(({ name, share_of_text }) => ({ name, share: share_of_text })));
  let at = 0;
  const values = parts.filter(({ share }) => share > 0).map(({ name, share }, index) => {
    const from = at;
    at += share;
    return { name, from, to: at, middle: (from + at) / 2, shade: index % 2 };
  });
  return {
    width: WIDTH,
    height: 56,
    data: { values },
    encoding: {
      x: {
        field: "from",
        type: "quantitative",
        title: "share of the text",
        scale: { domain: [0, 1] },
        axis: { format: "%" },
      },
    },
    layer: [
      {
        mark: { type: "bar", height: 40 },
        encoding: {
          x2: { field: "to" },
          opacity: {
            field: "shade",
            type: "nominal",
            scale: { domain: [0, 1], range: [0.85, 0.45] },
            legend: null,
          },
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
            axis: { format: "~s", tickCount: 5 },
          },
        },
      },
      ...rule,
    ],
  };
}

/** Notes by year of charting. */
export const yearChart = (years: readonly { year: number; notes: number }[]): Spec => ({
  ...size,
  height: HEIGHT * 0.6,
  data: { values: years },
  mark: { type: "bar", binSpacing: 0 },
  encoding: {
    x: {
      field: "year",
      type: "quantitative",
      title: "year of charting, as shifted by de-identification",
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
