/**
 * The whole job on synthetic notes: one stage after the other exactly as a person would call them,
 * then the worker with the exported model, one completion, and a curl line to paste.
 */

import { join } from "@std/path";
import { type RunPaths, workspace } from "../artifacts.ts";
import { defineTask, duration } from "../lib/base/cli.ts";
import { runStages, type Stage } from "../artifacts/stages.ts";
import { startWorker } from "../../worker/host/serve.ts";

/** A caret in a line that every synthetic discharge summary has, in several variants. */
const SAMPLE_TEXT = "Discharge Condition:\nMental Status: Clear";

export const quickstart = defineTask({
  name: "quickstart",
  summary:
    "Synthetic notes → EDA → tokenizer → training → calibration → evaluation → ONNX → a served\n" +
    "/complete. Run it again and it reuses what is already there.",
  flags: {
    notes: { type: "integer", default: 3000, min: 20, help: "number of synthetic notes" },
    "vocab-size": {
      type: "integer",
      default: 2048,
      min: 300,
      help: "size of the tokenizer's vocabulary",
    },
    steps: { type: "integer", default: 2500, min: 1, help: "optimizer steps of the micro preset" },
    port: { type: "integer", default: 8787, min: 0, max: 65535, help: "port of the worker" },
    "no-serve": { type: "boolean", help: "stop after the first served completion" },
    data: { type: "string", default: "data/quickstart", placeholder: "DIR", help: "workspace" },
  },
  examples: [
    "deno task quickstart",
    "deno task quickstart --notes 300 --steps 50 --no-serve",
  ],
  async run(flags) {
    const started = performance.now();
    const paths = workspace(flags.data);
    const run = paths.run("latest");
    const stages: Stage[] = [
      {
        name: "synthesize",
        task: "synthesize",
        artifact: "synthetic",
        does: `invent ${flags.notes} discharge summaries in MIMIC-IV-Note's shape`,
        args: ["--notes", `${flags.notes}`],
        output: paths.synthetic,
      },
      {
        name: "ingest",
        task: "ingest",
        artifact: "notes",
        does: "clean them, split them by patient, write Parquet",
        args: [paths.synthetic],
        output: paths.notes,
      },
      {
        name: "eda",
        task: "eda",
        artifact: "eda",
        does: "look at them: how many, how long, which words, what is de-identified",
        args: [],
        output: paths.edaReport,
      },
      {
        name: "tokenize",
        task: "tokenize",
        artifact: "tokens",
        does: "learn a byte-level BPE vocabulary and encode every note",
        args: ["--vocab-size", `${flags.vocabSize}`],
        output: paths.tokensReport,
      },
      {
        name: "ngram",
        task: "ngram",
        artifact: "ngram",
        does: "count phrases that the notes of at least five patients share",
        args: [],
        output: paths.ngram,
      },
      {
        name: "train",
        task: "train",
        artifact: "run",
        run: "latest",
        does: "train a GPT-2 of about a million parameters",
        args: ["--preset", "micro", "--steps", `${flags.steps}`, "--force"],
        output: join(run.best, "model.safetensors"),
        resume: { args: ["--resume"], from: run.last },
      },
      {
        name: "calibrate",
        task: "calibrate",
        artifact: "calibration",
        run: "latest",
        does: "fit the n-grams and the confidence to show a suggestion at, on validation notes",
        args: ["--notes", "10", "--excerpt", "600", "--train-notes", "400"],
        output: run.calibration,
      },
      {
        name: "eval",
        task: "eval",
        artifact: "eval",
        run: "latest",
        does: "measure it as an autocomplete on notes of unseen patients",
        args: ["--notes", "10", "--excerpt", "600", "--words", "400"],
        output: join(run.eval, "eval.json"),
      },
      {
        name: "audit",
        task: "audit",
        artifact: "audit",
        run: "latest",
        does: "measure what it remembers of its training notes",
        // Few notes leave too few unseen ones to pass on: then the audit only has to show that it runs.
        args: flags.notes < 2000 ? ["--texts", "20"] : [],
        output: join(run.audit, "audit.json"),
      },
      {
        name: "export",
        task: "export",
        artifact: "export",
        run: "latest",
        does: "write ONNX files and check them against the trained model",
        args: ["--accept-risk", "trained on synthetic notes, which describe nobody"],
        output: join(run.export, "onnx", "model_quantized.onnx"),
      },
    ];
    const last = stages.length + 1;
    const record = join(flags.data, "quickstart.json");
    await runStages(stages, { data: flags.data, record, caller: "quickstart", more: 1 });
    console.log(
      `\n[${last}/${last}] serve: the worker with the model inside, on this machine only`,
    );
    await serve(run, flags.port, started, flags.noServe);
  },
});

/** Serves the export, asks it once, and shows how to ask it again. */
async function serve(
  run: RunPaths,
  port: number,
  started: number,
  stopAfterFirst: boolean,
): Promise<void> {
  const worker = await startWorker({ exportFolder: run.export, port });
  try {
    const body = JSON.stringify({ text: SAMPLE_TEXT });
    const response = await fetch(`${worker.url}/complete`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`POST /complete answered ${response.status}: ${answer}`);
    console.log(`
Done in ${duration((performance.now() - started) / 1000)}. Ask it yourself:

curl -s ${worker.url}/complete -H 'content-type: application/json' -d '${body}'

${answer}

Evaluation  ${join(run.eval, "index.html")}
Model card  ${join(run.export, "README.md")}`);
    if (stopAfterFirst) return;
    console.log(`Serving at ${worker.url} until Ctrl-C.`);
    await new Promise<void>((resolve) => {
      Deno.addSignalListener("SIGINT", resolve);
      if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", resolve);
    });
  } finally {
    await worker.stop();
  }
}
