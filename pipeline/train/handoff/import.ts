/** `deno task import`: what PyTorch trained in a handoff folder, as a run like any other. */

import { join } from "@std/path";
import { readTokens, type RunPaths, type Workspace, workspace } from "../../artifacts.ts";
import { lineageOf } from "../../artifacts/lineage.ts";
import { ArtifactError, readJson, writeAtomic, writeJson } from "../../lib/base/files.ts";
import { defineTask, runTask, UsageError } from "../../lib/base/cli.ts";
import { createTokenizer } from "../../lib/gpt/decode/tokenizer.ts";
import type { GptConfig, TrainConfig } from "../../lib/gpt/config.ts";
import { type TrainingState, writeCheckpoint } from "../../lib/gpt/model/checkpoint.ts";
import { scorerFromTensors } from "../../lib/gpt/onnx/scorer.ts";
import { writeCurves } from "../curves.ts";
import { windowStarts } from "../windows.ts";
import { initialState } from "../job.ts";
import { validationBatches } from "../loader.ts";
import { DEFAULT_RUN, lockRun, makeRoom } from "../run_folder.ts";
import { type HandoffResult, readHandoff, requireOwnTokens } from "./folder.ts";

/** PyTorch's validation loss and ours of the same weights may differ by this much, in nats. */
const TOLERANCE = 1e-3;

await runTask(defineTask({
  name: "import",
  summary: "Brings back what was trained in a handoff folder, as a run for eval, audit and export.",
  positional: "FOLDER",
  flags: {
    run: { type: "string", default: DEFAULT_RUN, placeholder: "NAME", help: "name of the run" },
    force: { type: "boolean", help: "replace a run of the same name" },
  },
  examples: ["deno task import data/handoff/big --run big"],
  async run({ data, run: name, force }, [folder, ...rest]) {
    if (folder === undefined || rest.length > 0) {
      throw new UsageError(
        'Give the one folder that was handed off; see "deno task import --help"',
      );
    }
    const result = await readHandoff(folder);
    const place = workspace(data), paths = place.run(name);
    await requireOwnTokens(folder, result.config, place);
    const loss = await validationLoss(folder, result);
    if (!(Math.abs(loss - result.best.loss) < TOLERANCE)) {
      throw new ArtifactError(
        `Cannot import ${folder}: PyTorch measured a validation loss of ${result.best.loss}, here ` +
          `the same weights give ${loss}; is output/best of this handoff?`,
      );
    }
    const kept = await makeRoom(paths, force);
    if (kept) console.error(`The previous run "${name}" is kept as "${kept}".`);
    using _lock = await lockRun(paths);
    await writeRun(place, paths, name, folder, result);
    console.log(
      `validation loss ${loss.toFixed(4)} nats per token (PyTorch: ${result.best.loss.toFixed(4)})
The run lies in ${paths.root}
Next: deno task calibrate --run ${name} --data ${data}`,
    );
  },
}));

/** Of the best weights, computed here on the windows that train.py validated on. */
async function validationLoss(folder: string, { config, best }: HandoffResult): Promise<number> {
  const path = join(folder, "val.bin");
  const { n_positions: length } = config.model;
  const batches = validationBatches(await readTokens(path), config.train.evalTokens, {
    ...config.train,
    length,
    endOfText: config.endOfText,
    path,
  });
  const scorer = await scorerFromTensors(best.config, best.parameters);
  try {
    let sum = 0, count = 0;
    for (const { inputs, targets } of batches) {
      const { logProbabilities } = await scorer.score(inputs, targets, length);
      for (const value of logProbabilities) sum -= value;
      count += targets.length;
    }
    return sum / count;
  } finally {
    await scorer.close();
  }
}

async function writeRun(
  place: Workspace,
  paths: RunPaths,
  name: string,
  folder: string,
  { config: { handoff: _, ...config }, best, last, log, engine }: HandoffResult,
): Promise<void> {
  const initial = join(folder, "initial");
  const tokenizer = await readJson(join(initial, "tokenizer.json"), "deno task handoff");
  const { endOfText } = createTokenizer(tokenizer);
  await writeAtomic(paths.tokenizer, await Deno.readFile(join(initial, "tokenizer.json")));
  await Deno.copyFile(join(initial, "tokenizer_config.json"), paths.tokenizerConfig);
  const { from } = config.lineage, { train } = config;
  const tokens = await readTokens(join(folder, "train.bin"));
  const lineage = await lineageOf({ paths: place, run: paths }, from, [paths.tokenizer]);
  await writeJson(paths.config, { ...config, lineage, name, engine });
  await writeAtomic(paths.log, log.map((entry) => JSON.stringify(entry) + "\n").join(""));
  for (
    const [place, { config, parameters, step }] of [[paths.best, best], [paths.last, last]] as const
  ) {
    const loader = loaderAfter(step, tokens, { ...config, ...train }, endOfText);
    const state = { ...initialState, step, loader, bestLoss: best.loss, bestStep: best.step };
    await writeCheckpoint(place, { config, endOfText, parameters, state });
  }
  await writeCurves(paths.curves, { name, entries: log, baseline: config.baseline.bigram });
}

/**
 * How much of the notes train.py had read after `step` steps: its epochs take every window once, as
 * ours do, but in an order of their own.
 */
function loaderAfter(
  step: number,
  tokens: Uint16Array,
  { n_positions: length, windowing, batchSize, gradientAccumulation }:
    & Pick<GptConfig, "n_positions">
    & Pick<TrainConfig, "windowing" | "batchSize" | "gradientAccumulation">,
  endOfText: number,
): TrainingState["loader"] {
  const windows = windowing === "document"
    ? windowStarts(tokens, { length, windowing, endOfText }).length
    : Math.floor((tokens.length - 1) / length) - 1;
  const perEpoch = Math.max(1, windows);
  const taken = step * batchSize * gradientAccumulation;
  return { epoch: Math.floor(taken / perEpoch), position: taken % perEpoch };
}
