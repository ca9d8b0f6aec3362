/**
 * The child of `deno task bench instructions`: compiles every kernel of a training step. The driver
 * prints what it made to standard error; a line `# name` before it says of which kernel.
 */

import { type Precision, requestGpu } from "../../../kernels/mod.ts";
import { compiled } from "../../../kernels/core/kernel.ts";
import { Recorder } from "../../../kernels/core/recorder.ts";
import { planGpt2 } from "../../../kernels/model/plan.ts";
import { type PresetName, presets } from "../../../pipeline/lib/gpt/config.ts";
import { parameterTable } from "../../../pipeline/lib/gpt/model/parameters.ts";
import { operations } from "../kernels/operations.ts";

/** What the parent passes as the one argument, in JSON. */
export interface CompileJob {
  preset: PresetName;
  vocabSize: number;
  batch: number;
  precision: Precision;
  /** Source of a regular expression: operations to be compiled. */
  only: string;
}

export const MARK = "# ";

/** Says of which kernel the driver's next lines speak. */
class Announcing extends Recorder {
  operation = "";

  override dispatch: Recorder["dispatch"] = (kernel, dispatch) => {
    say(`${MARK}${this.operation}\t${kernel.label}`);
    super.dispatch(kernel, dispatch);
  };
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) {
  const { preset, vocabSize, batch, precision, only }: CompileJob = JSON.parse(Deno.args[0]);
  const gpu = await requestGpu();
  const shape = { ...presets[preset].model, vocab_size: vocabSize, n_layer: 1 };
  const plan = planGpt2({ shape, table: parameterTable(shape), batch, precision });
  plan.arena.allocate(gpu);
  const pattern = new RegExp(only);
  const recorder = new Announcing(gpu);
  for (const { name, record } of operations(plan)) {
    if (!pattern.test(name)) continue;
    recorder.operation = name;
    record(recorder);
    await compiled(gpu);
  }
}
