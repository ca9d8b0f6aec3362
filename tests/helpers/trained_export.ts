// The tiny export, trained for seconds on the fixture's corpus: its suggestions are as sure as those
// of a real model, which those of random weights never are.

import { join } from "@std/path";
import { readJson } from "../../pipeline/lib/base/files.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { seededRandom } from "../../pipeline/lib/base/random.ts";
import { writeModelFiles } from "../../pipeline/export/export.ts";
import { initialParameters } from "../../pipeline/lib/gpt/model/init.ts";
import { createCpuEngine } from "../../pipeline/train/cpu_engine.ts";
import { huggingFace } from "../tokenize/fixture.ts";
import { writeTinyRun } from "./tiny_export.ts";

const BATCH = 16, STEPS = 250;

/** Writes the int8 export of a trained run into `root`; its folder. */
export async function writeTrainedExport(root: string): Promise<string> {
  const size = { n_embd: 48, n_layer: 2, n_head: 4, initializer_range: 0.05 };
  const { exportFolder, config } = await writeTinyRun(root, size);
  const tokenizer = createTokenizer(await readJson(join(exportFolder, "tokenizer.json"), ""));
  const { endOfText } = tokenizer;
  const notes = huggingFace.corpus.flatMap((text) => [endOfText, ...tokenizer.encode(text)]);
  const train = {
    batchSize: BATCH,
    beta1: 0.9,
    beta2: 0.99,
    adamEpsilon: 1e-8,
    weightDecay: 0.1,
    maxGradNorm: 1,
    seed: 1,
  };
  const parameters = initialParameters(config, 1);
  const engine = await createCpuEngine({ model: config, train, parameters });
  const random = seededRandom(1), length = config.n_positions;
  const windows = (starts: number[], shift: number) =>
    Int32Array.from(starts.flatMap((at) => notes.slice(at + shift, at + shift + length)));
  for (let step = 1; step <= STEPS; step++) {
    const starts = Array.from(
      { length: BATCH },
      () => Math.floor(random() * (notes.length - length - 1)),
    );
    const batch = { inputs: windows(starts, 0), targets: windows(starts, 1) };
    await engine.step([batch], step, 3e-3 * Math.min(1, step / 20));
  }
  await engine.metrics();
  const state = await engine.state();
  await engine.close();
  await writeModelFiles(exportFolder, { config, endOfText, parameters: state.parameters });
  return exportFolder;
}
