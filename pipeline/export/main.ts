/** `deno task export`: a run's model as a Hugging Face folder with ONNX graphs, checked. */

import { join } from "@std/path";
import { bytes, defineTask, nextCommand, runTask } from "../lib/base/cli.ts";
import { signedPercent } from "../lib/base/format.ts";
import { workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { passGate } from "../artifacts/gate.ts";
import { readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { exportRun } from "./export.ts";
import { chooseServed, measuredSystems, type MixtureReport } from "./served.ts";

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
      help: "number of prompts that both models continue greedily",
    },
    "eval-tokens": {
      type: "integer",
      default: 65536,
      min: 1,
      help: "maximum number of test tokens to measure int8 on",
    },
    "accept-risk": {
      type: "string",
      placeholder: "REASON",
      help: "export without a passed audit, or with n-grams of single patients; the reason goes " +
        "into the model card",
    },
    "no-mixture": {
      type: "boolean",
      help: "serve the GPT alone, without the n-grams that calibrate fitted",
    },
  },
  examples: ["deno task export", "deno task export --run nano"],
  async run({ data, run, prompts, evalTokens, acceptRisk, noMixture }) {
    const place = workspace(data), paths = place.run(run);
    const read = await openSources(
      { paths: place, run: paths },
      `export run "${run}"`,
      ["run", "tokens", "ngram", "calibration"],
    );
    const { folder } = await readRunCheckpoint(paths);
    const audit = await passGate({
      paths: place,
      run: paths,
      model: join(folder, "model.safetensors"),
      doing: "export",
      acceptedRisk: acceptRisk,
    });
    const served = await chooseServed(place, run, { noMixture, acceptedRisk: acceptRisk });
    const systems = await measuredSystems(place, paths);
    if (served.file === undefined) {
      console.log(
        `${run} is not calibrated: the worker shows what the GPT alone suggests, at its usual confidence; "deno task calibrate --run ${run}" finds what serves best`,
      );
    }
    const options = { prompts, evalTokens, audit, served, read, systems };
    const { files, quantization: q, mixture } = await exportRun(data, run, options);
    const size = (name: string) => bytes(files[`onnx/${name}`].bytes);
    console.log(
      `float32  ${size("model.onnx")}, ${q.onnxruntime.float32.toFixed(4)} bits per character
int8     ${size("model_quantized.onnx")}, ${signedPercent(q.onnxruntime.cost)} with ONNX Runtime, ${
        signedPercent(q.kernels.cost)
      } with our kernels
n-grams  ${mixtureLine(mixture)}
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
