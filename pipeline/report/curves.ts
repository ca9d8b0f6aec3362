/** Charts of training: Vega-Lite specifications out of log.jsonl and sweep reports. */

import { ink } from "../lib/base/page/chart.ts";

const WIDTH = 680, HEIGHT = 300;

/** What the charts need of a line of log.jsonl (pipeline/train/log.ts). */
export interface LogLine {
  kind: string;
  step: number;
  tokens: number;
  loss: number;
  bitsPerCharacter?: number;
}

export async function readLog(path: string): Promise<LogLine[]> {
  const text = await Deno.readTextFile(path);
  const lines = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return lines.filter(({ phase }) => phase === undefined); // on the notes
}

export interface Curve {
  name: string;
  log: readonly LogLine[];
}

const lossAxis = {
  field: "loss",
  type: "quantitative",
  title: "nats per token",
  scale: { zero: false },
};

/** Validation losses over training tokens; runs without validations (the bigram) as a rule. */
export function learningChart(curves: readonly Curve[]): object {
  const points = curves.flatMap(({ name, log }) =>
    log.filter(({ kind, step }) => kind === "validation" && step > 0)
      .map(({ tokens, loss }) => ({ run: name, tokens, loss }))
  );
  const rules = curves.filter(({ name }) => name === "bigram").flatMap(({ log }) => {
    const last = log.findLast(({ kind }) => kind === "validation");
    return last ? [{ loss: last.loss, label: `bigram ${last.loss.toFixed(2)}` }] : [];
  });
  return {
    width: WIDTH,
    height: HEIGHT,
    layer: [
      {
        data: { values: points.filter(({ run }) => run !== "bigram") },
        mark: { type: "line", point: { size: 24 } },
        encoding: {
          x: {
            field: "tokens",
            type: "quantitative",
            title: "training tokens",
            axis: { format: "~s" },
          },
          y: lossAxis,
          color: {
            field: "run",
            type: "nominal",
            sort: null,
            legend: { title: null, orient: "top-right" },
          },
        },
      },
      {
        data: { values: rules },
        mark: { type: "rule", strokeDash: [4, 4] },
        encoding: { y: lossAxis },
      },
      {
        data: { values: rules },
        mark: { type: "text", align: "left", x: 6, dy: -7, color: ink("muted") },
        encoding: { y: lossAxis, text: { field: "label", type: "nominal" } },
      },
    ],
  };
}

/** Training losses of one run on two engines, the second dashed over the first. */
export function engineChart(cpu: readonly LogLine[], gpu: readonly LogLine[]): object {
  const values = (log: readonly LogLine[], engine: string) =>
    log.map(({ step, loss }) => ({ step, loss, engine }));
  return {
    width: WIDTH,
    height: HEIGHT * 0.7,
    data: {
      values: [...values(cpu, "CPU (ONNX Runtime)"), ...values(gpu, "WebGPU (our kernels)")],
    },
    mark: { type: "line" },
    encoding: {
      x: { field: "step", type: "quantitative", title: "optimizer step" },
      y: lossAxis,
      color: { field: "engine", type: "nominal", legend: { title: null, orient: "top-right" } },
      strokeDash: { field: "engine", type: "nominal" },
      strokeWidth: {
        condition: { test: "datum.engine[0] === 'C'", value: 4 },
        value: 1.5,
      },
    },
  };
}

/** One line for each model size: loss over tokens. */
export function scalingChart(
  runs: readonly { parameters: number; tokens: number; loss: number }[],
): object {
  return {
    width: WIDTH,
    height: HEIGHT * 0.8,
    data: {
      values: runs.map(({ parameters, ...run }) => ({
        ...run,
        size: `${(parameters / 1e6).toFixed(2)}M parameters`,
      })),
    },
    mark: { type: "line", point: { size: 36 } },
    encoding: {
      x: {
        field: "tokens",
        type: "quantitative",
        title: "training tokens",
        scale: { type: "log" },
        axis: { format: "~s" },
      },
      y: lossAxis,
      color: {
        field: "size",
        type: "nominal",
        legend: { title: null, orient: "top-right" },
      },
    },
  };
}
