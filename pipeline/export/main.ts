/** `deno task export`: a run's model as a Hugging Face folder with ONNX graphs, checked. */

import { join } from "@std/path";
import { bytes, defineTask, nextCommand, runTask } from "../lib/base/cli.ts";
import { workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { passGate } from "../artifacts/gate.ts";
import { readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { bestThreshold, measuredSystems } from "./evidence.ts";
import { exportRun } from "./export.ts";
import { chooseMixture, type MixtureReport } from "./mixture.ts";
import { signedPercent } from "./model_card.ts";

export const task = defineTask({
  name: "export",
  summary:
    "Writes a run's model as safetensors and ONNX (float32 and int8), and proves them equal.\n" +
    "Refuses a run that has not passed its audit.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to export" },
    prompts: {
      type: "integer",
      default: 200,
      min: 1,
      help: "prompts that both models continue greedily",
    },
    "eval-tokens": {
      type: "integer",
      default: 65536,
      min: 1,
      help: "most tokens of the test split to measure int8 on",
    },
    "accept-risk": {
      type: "string",
      placeholder: "REASON",
      help: "export without a passed audit, or with n-grams of single patients; the reason goes " +
        "into the model card",
    },
    "no-mixture": { type: "boolean", help: "leave out the n-grams that eval fitted" },
  },
  examples: ["deno task export", "deno task export --run nano"],
  async run({ data, run, prompts, evalTokens, acceptRisk, noMixture }) {
    const place = workspace(data), paths = place.run(run);
    const read = await openSources(
      { paths: place, run: paths },
      `export run "${run}"`,
      ["run", "tokens", "ngram"],
    );
    const { folder } = await readRunCheckpoint(paths);
    const audit = await passGate({
      paths: place,
      run: paths,
      model: join(folder, "model.safetensors"),
      doing: "export",
      acceptedRisk: acceptRisk,
    });
    const mixture = noMixture
      ? { leftOut: "--no-mixture was given" }
      : await chooseMixture(paths, folder, place.ngram, acceptRisk);
    const systems = await measuredSystems(place, paths);
    const minConfidence = bestThreshold(systems, "file" in mixture ? "gpt+mixture" : "gpt");
    if (minConfidence === undefined) {
      console.log(
        `${run} has no evaluation of this checkpoint: the worker shows at its usual confidence; "deno task eval --run ${run}" finds the best one`,
      );
    }
    const options = { prompts, evalTokens, audit, mixture, minConfidence, read, systems };
    const { files, quantization: q, mixture: beside } = await exportRun(data, run, options);
    const size = (name: string) => bytes(files[`onnx/${name}`].bytes);
    console.log(
      `float32  ${size("model.onnx")}, ${q.onnxruntime.float32.toFixed(4)} bits per character
int8     ${size("model_quantized.onnx")}, ${signedPercent(q.onnxruntime.cost)} with ONNX Runtime, ${
        signedPercent(q.kernels.cost)
      } with our kernels
n-grams  ${mixtureLine(beside)}
Wrote ${paths.export}
Next: ${nextCommand("serve", { run, data })}`,
    );
  },
});

function mixtureLine(report: MixtureReport): string {
  if ("leftOut" in report) return `left out: ${report.leftOut}`;
  const { validation: { gpt, mixture }, table } = report;
  const size = table === null ? "no table" : bytes(table.bytes);
  return `${size}, ${gpt.toFixed(3)} to ${mixture.toFixed(3)} bits per character (validation)`;
}

if (import.meta.main) await runTask(task);
