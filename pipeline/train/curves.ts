/** curves.svg: training and validation loss against the step, with the baseline as a line. */

import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { writeAtomic } from "../artifacts.ts";
import type { LogEntry } from "./log.ts";

/** More points than pixels only make the file larger. */
const MAX_POINTS = 400;

interface Point {
  step: number;
  loss: number;
  series: "training" | "validation";
}

/** Draws the curves of a log. `baseline` is a loss in nats. */
export async function writeCurves(
  path: string,
  entries: readonly LogEntry[],
  title: string,
  baseline?: number,
): Promise<void> {
  await writeAtomic(path, await svg(spec(curvePoints(entries), title, baseline)));
}

/** Validation losses as they are, training losses averaged over equal stretches of steps. */
export function curvePoints(entries: readonly LogEntry[]): Point[] {
  const points: Point[] = [];
  const training = entries.filter((entry) => entry.kind === "train");
  const stretch = Math.ceil(training.length / MAX_POINTS);
  for (let i = 0; i < training.length; i += stretch) {
    const part = training.slice(i, i + stretch);
    const loss = part.reduce((sum, entry) => sum + entry.loss, 0) / part.length;
    points.push({ step: part.at(-1)!.step, loss, series: "training" });
  }
  for (const { kind, step, ...entry } of entries) {
    if (kind === "validation" && "loss" in entry) {
      points.push({ step, loss: entry.loss, series: "validation" });
    }
  }
  return points;
}

function spec(points: Point[], title: string, baseline: number | undefined): TopLevelSpec {
  const color = {
    field: "series",
    type: "nominal" as const,
    scale: { domain: ["training", "validation"], range: ["#9db7d5", "#c8443c"] },
    legend: { title: null, orient: "top-right" as const },
  };
  return {
    width: 640,
    height: 320,
    background: "white",
    title,
    layer: [
      {
        data: { values: points },
        mark: { type: "line", point: { size: 12 } },
        encoding: {
          x: { field: "step", type: "quantitative", title: "optimizer step" },
          y: {
            field: "loss",
            type: "quantitative",
            title: "cross-entropy, nats per token",
            scale: { zero: false },
          },
          color,
        },
      },
      ...(baseline === undefined ? [] : [
        {
          data: { values: [{ loss: baseline }] },
          mark: { type: "rule" as const, strokeDash: [4, 4], color: "#666" },
          encoding: { y: { field: "loss", type: "quantitative" as const } },
        },
        {
          data: { values: [{ loss: baseline, text: "bigram baseline" }] },
          mark: {
            type: "text" as const,
            align: "left" as const,
            dy: -6,
            x: 4,
            color: "#666",
          },
          encoding: {
            y: { field: "loss", type: "quantitative" as const },
            text: { field: "text", type: "nominal" as const },
          },
        },
      ]),
    ],
  };
}

async function svg(chart: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(chart).spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
