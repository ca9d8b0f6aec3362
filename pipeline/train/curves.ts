/** Loss curves of one or several runs, with the bigram baseline as a line. */

import { writeAtomic } from "../lib/base/files.ts";
import { type Chart, ink, renderChart } from "../lib/base/page/chart.ts";
import type { LogEntry } from "./log.ts";

export interface RunCurves {
  name: string;
  entries: readonly LogEntry[];
  /** Validation loss of the bigram baseline in nats. */
  baseline?: number;
}

/** What runs are compared over: tokens where their steps are of different sizes. */
export type Axis = "step" | "tokens";

interface Point {
  x: number;
  loss: number;
  series: string;
}

const WIDTH = 760;

/** More points than pixels only make the file larger. */
const MAX_POINTS = 400;

const colours = (["series1", "series2", "series3", "series4", "series5"] as const).map(ink);

/** Writes curves.svg of one run. */
export async function writeCurves(path: string, run: RunCurves): Promise<void> {
  await writeAtomic(path, (await curvesChart([run], "step")).file);
}

/**
 * The entries on one axis: those on the notes come behind those on the public texts, where the run
 * begins with such. `border` is where the first note comes.
 */
export function inOneRow(
  entries: readonly LogEntry[],
): { entries: LogEntry[]; border?: { step: number; tokens: number } } {
  const last = entries.findLast(({ phase, kind }) => phase && kind === "validation");
  if (last?.kind !== "validation") return { entries: [...entries] };
  const { step, tokens } = last;
  return {
    border: { step, tokens },
    entries: entries.map((entry) => {
      if (entry.phase || entry.kind === "baseline") return entry;
      const behind = { ...entry, step: entry.step + step };
      return "tokens" in behind ? { ...behind, tokens: behind.tokens + tokens } : behind;
    }),
  };
}

/** Training losses thin, validation losses bold with a point each. */
export function curvesChart(given: readonly RunCurves[], axis: Axis): Promise<Chart> {
  const rows = given.map(({ entries }) => inOneRow(entries));
  const runs = given.map((run, i) => ({ ...run, entries: rows[i].entries }));
  const borders = rows.flatMap(({ border }) => border ? [{ x: border[axis] }] : []);
  const overlaid = runs.length > 1;
  const label = (run: RunCurves, kind: string) => overlaid ? run.name : kind;
  const training = runs.flatMap((run) => trainingPoints(run.entries, axis, label(run, "training")));
  const validation = runs.flatMap((run) =>
    validationPoints(run.entries, axis, label(run, "validation"))
  );
  const domain = overlaid ? runs.map(({ name }) => name) : ["training", "validation"];
  const range = domain.map((_, i) => colours[i % colours.length]);
  const encoding = {
    x: {
      field: "x",
      type: "quantitative",
      title: axis === "step" ? "optimizer step" : "training tokens",
      axis: {
        labelExpr:
          "datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + 'M' : format(datum.value, ',')",
      },
    },
    y: {
      field: "loss",
      type: "quantitative",
      title: "cross-entropy, nats per token",
      scale: { zero: false, ...lossCeiling([...training, ...validation]) },
    },
    color: {
      field: "series",
      type: "nominal",
      scale: { domain, range },
      legend: {
        title: null,
        orient: "top-right",
        symbolType: "stroke",
        symbolOpacity: 1,
        symbolStrokeWidth: 3,
      },
    },
  };
  const spec = {
    width: WIDTH,
    height: 380,
    layer: [
      {
        data: { values: training },
        mark: { type: "line", strokeWidth: 1, opacity: 0.5, clip: true },
        encoding,
      },
      {
        data: { values: validation },
        mark: { type: "line", strokeWidth: 2.5, point: { size: 24 }, clip: true },
        encoding,
      },
      ...baselineLayers(runs),
      ...borderLayers(borders),
    ],
  };
  return renderChart(spec, `Loss curves of ${runs.map(({ name }) => name).join(", ")}`);
}

/** The share of a run, by steps, that may stick out at the top of the chart. */
const BEGINNING = 0.2;

/**
 * A run falls from ln V at once and then takes all its time for the last few tenths of a nat: what
 * every curve has left after its beginning is given the height.
 */
export function lossCeiling(points: readonly Point[]): { domainMax?: number } {
  const ends = new Map<string, number>();
  for (const { series, x } of points) ends.set(series, Math.max(ends.get(series) ?? 0, x));
  const later = points.filter(({ series, x }) => x > BEGINNING * ends.get(series)!);
  if (later.length < 2) return {};
  const losses = later.map(({ loss }) => loss);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  return { domainMax: high + 0.1 * (high - low) };
}

/** Averages over equal stretches of steps. */
export function trainingPoints(entries: readonly LogEntry[], axis: Axis, series: string): Point[] {
  const points: Point[] = [];
  const training = entries.filter((entry) => entry.kind === "train");
  const stretch = Math.ceil(training.length / MAX_POINTS);
  for (let i = 0; i < training.length; i += stretch) {
    const part = training.slice(i, i + stretch);
    const loss = part.reduce((sum, entry) => sum + entry.loss, 0) / part.length;
    points.push({ x: part.at(-1)![axis], loss, series });
  }
  return points;
}

function validationPoints(entries: readonly LogEntry[], axis: Axis, series: string): Point[] {
  const all = entries.filter((entry) => entry.kind === "validation");
  // What the model guesses before its first step is ln V, and a line from there shows nothing.
  return (all.length > 1 ? all.filter(({ step }) => step > 0) : all)
    .map((entry) => ({ x: entry[axis], loss: entry.loss, series }));
}

/** Where the notes begin, behind the public texts. */
function borderLayers(values: { x: number }[]): object[] {
  if (values.length === 0) return [];
  const encoding = { x: { field: "x", type: "quantitative" } };
  const text = { align: "left", dx: 4, baseline: "top", y: 2, color: ink("muted") };
  return [
    { data: { values }, mark: { type: "rule", strokeDash: [2, 2] }, encoding },
    { data: { values }, mark: { type: "text", text: "notes", ...text }, encoding },
  ];
}

/** Runs on the same data share their baseline, up to which windows they are validated on. */
function baselineLayers(runs: readonly RunCurves[]): object[] {
  const losses = new Set(runs.flatMap(({ baseline }) => baseline?.toFixed(2) ?? []));
  if (losses.size === 0) return [];
  const values = [...losses].map((loss) => ({ loss, text: `bigram baseline ${loss}` }));
  const y = { field: "loss", type: "quantitative" };
  return [
    { data: { values }, mark: { type: "rule", strokeDash: [4, 4] }, encoding: { y } },
    {
      data: { values },
      mark: { type: "text", align: "right", x: WIDTH - 6, dy: -7, color: ink("muted") },
      encoding: { y, text: { field: "text", type: "nominal" } },
    },
  ];
}
