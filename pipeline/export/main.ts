/** `deno task export`: a run's model as a Hugging Face folder with ONNX graphs, checked. */

import { bytes, defineTask, runTask } from "../cli.ts";
import { workspace } from "../artifacts.ts";
import { auditRun } from "../audit/run.ts";
import { readRunCheckpoint } from "../model/checkpoint.ts";
import { bestThreshold, isAudited, requireAudit } from "./evidence.ts";
import { exportRun } from "./export.ts";
import { signedPercent } from "./model_card.ts";

export const task = defineTask({
  name: "export",
  summary:
    "Writes a run's model as safetensors and ONNX (float32 and int8), and proves them equal.\n" +
    "Audits the run first where that has not been done; refuses one that fails.",
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
      help: "export without a passed audit; the reason goes into the model card",
    },
  },
  examples: ["deno task export", "deno task export --run nano"],
  async run({ data, run, prompts, evalTokens, acceptRisk }) {
    const paths = workspace(data).run(run);
    const { folder } = await readRunCheckpoint(paths);
    if (acceptRisk === undefined && !await isAudited(paths, folder)) {
      console.log(`${run} has no audit of this checkpoint: auditing it first`);
      await auditRun(workspace(data), run);
    }
    const audit = await requireAudit(paths, run, folder, acceptRisk);
    const options = { prompts, evalTokens, audit, minConfidence: await bestThreshold(paths) };
    const { files, quantization: q } = await exportRun(data, run, options);
    const size = (name: string) => bytes(files[`onnx/${name}`].bytes);
    console.log(
      `float32  ${size("model.onnx")}, ${q.float32.toFixed(4)} bits per character
int8     ${size("model_quantized.onnx")}, ${q.int8.toFixed(4)} bits per character (${
        signedPercent(q.cost)
      })
worker   ${bytes(files["worker.safetensors"].bytes)}, int8, ${
        signedPercent(q.worker.cost)
      } against float32 on ${q.worker.tokens} tokens
Wrote ${paths.export}; next: deno task serve`,
    );
  },
});

if (import.meta.main) await runTask(task);
