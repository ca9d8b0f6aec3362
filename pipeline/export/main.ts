/** `deno task export`: a run's model as a Hugging Face folder with ONNX graphs, checked. */

import { bytes, defineTask, runTask } from "../cli.ts";
import { workspace } from "../artifacts.ts";
import { exportRun } from "./export.ts";
import { signedPercent } from "./model_card.ts";

export const task = defineTask({
  name: "export",
  summary:
    "Writes a run's model as safetensors and ONNX (float32 and int8), and proves them equal.",
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
  },
  examples: ["deno task export", "deno task export --run nano"],
  async run({ data, run, prompts, evalTokens }) {
    const { files, quantization: q } = await exportRun(data, run, { prompts, evalTokens });
    const size = (name: string) => bytes(files[`onnx/${name}`].bytes);
    console.log(
      `float32  ${size("model.onnx")}, ${q.float32.toFixed(4)} bits per character
int8     ${size("model_quantized.onnx")}, ${q.int8.toFixed(4)} bits per character (${
        signedPercent(q.cost)
      })
Wrote ${workspace(data).run(run).export}; next: deno task serve`,
    );
  },
});

if (import.meta.main) await runTask(task);
