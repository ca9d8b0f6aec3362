/** Keeps a run's terminal lines, curves.svg and samples.txt up to date while it trains. */

import type { RunPaths } from "../artifacts.ts";
import type { GptConfig } from "../lib/gpt/config.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import { modelFromTensors } from "../lib/gpt/onnx/session.ts";
import { writeCurves } from "./curves.ts";
import { appendSample } from "./samples.ts";
import type { Terminal } from "./terminal.ts";
import type { Observer } from "./job.ts";

export interface ObservedRun {
  name: string;
  paths: RunPaths;
  model: GptConfig;
  tokenizer: Tokenizer;
  /** Validation loss of the bigram baseline in nats. */
  baseline: number;
}

export function runObserver(run: ObservedRun, terminal: Terminal): Observer {
  return {
    progress: (state, latest, rate) => terminal.progress(state, latest, rate),
    message: (text) => terminal.message(text),
    async validated(state, entry, log) {
      terminal.validated(state, entry);
      const { name, baseline } = run;
      await writeCurves(run.paths.curves, { name, baseline, entries: log });
    },
    async sample({ step }, parameters) {
      const model = await modelFromTensors(run.model, parameters);
      try {
        await appendSample(run.paths.samples, step, model, run.tokenizer);
      } finally {
        await model.close();
      }
    },
  };
}
