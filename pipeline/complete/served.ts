/**
 * A run as the worker would serve it: int8 weights in our WebAssembly kernels, the mixture and the
 * confidence that calibration chose. An export of the same checkpoint and calibration is taken as it
 * is, because its gates may have kept some layers in float32.
 */

import { join } from "@std/path";
import { type RunPaths, type Workspace } from "../artifacts.ts";
import { type Calibration, openCalibrationIfAny } from "../artifacts/calibration.ts";
import { Chain, openSources } from "../artifacts/chain.ts";
import { digestsOf } from "../artifacts/lineage.ts";
import { readReport } from "../artifacts/reports.ts";
import { exists } from "../lib/base/files.ts";
import type { Mixture } from "../lib/gpt/decode/mixture.ts";
import { suggestDefaults } from "../lib/gpt/decode/suggest.ts";
import { type Checkpoint, readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { compileKernels } from "../lib/gpt/wasm/compile.ts";
import { weightsFromTensors } from "../lib/gpt/wasm/from_tensors.ts";
import { loadWasmModel, type WasmModel } from "../lib/gpt/wasm/model.ts";
import { type StoredWeights, weightsFromOnnx } from "../lib/gpt/wasm/weights.ts";

/** What the worker serves of an export. */
const MODEL_FILE = "onnx/model_quantized.onnx";

/** Keys and values of the alternatives that are compared. */
const CACHE_BYTES = 40e6;

export interface ServedModel {
  model: WasmModel;
  mixture: Mixture | undefined;
  /** Least confidence shown by default. */
  minConfidence: number;
  /** Where this comes from, in a sentence for the reader. */
  origin: string;
}

/** Opens run `name`; without its n-grams where `noMixture`. */
export async function openServed(
  paths: Workspace,
  name: string,
  noMixture: boolean,
): Promise<ServedModel> {
  const run = paths.run(name), chain = new Chain({ paths, run });
  await openSources({ paths, run }, `complete with run "${name}"`, ["run", "ngram", "calibration"]);
  const checkpoint = await readRunCheckpoint(run);
  const fitted = await openCalibrationIfAny(paths, name);
  const exported = await currentExport(paths, run, checkpoint.folder, fitted?.file);
  const weights = exported?.weights ?? weightsFromTensors(checkpoint.config, checkpoint.parameters);
  const chosen = (exported?.file ?? fitted?.file)?.served;
  const withMixture = !noMixture && chosen?.kind === "gpt+mixture";
  const minConfidence = noMixture ? thresholdAlone(fitted?.file) : chosen?.minConfidence;
  const from = minConfidence ?? suggestDefaults.minConfidence;
  const engine = noMixture
    ? "without the n-grams that may be served with it"
    : exported
    ? `as the worker serves ${run.export}`
    : `in int8 as the worker computes it; "${chain.command("export")}" makes it ready to serve`;
  return {
    model: await load(checkpoint, weights),
    mixture: withMixture ? fitted!.mixture : undefined,
    minConfidence: from,
    origin: `${withMixture ? chosen.system : "The GPT alone"}, from confidence ${from}, ${engine}` +
      (fitted ? "" : `; not calibrated: "${chain.command("calibration")}" finds what serves best`),
  };
}

const load = async (
  { config }: Pick<Checkpoint, "config">,
  weights: StoredWeights,
): Promise<WasmModel> =>
  loadWasmModel(await WebAssembly.compile(await compileKernels()), weights, config, {
    cacheBytes: CACHE_BYTES,
  });

/** What calibration found for the GPT alone. */
const thresholdAlone = (file: Calibration | undefined): number | undefined =>
  file?.systems.find(({ kind }) => kind === "gpt")?.best;

/** The run's export, if it was made from this checkpoint and this calibration. */
async function currentExport(
  paths: Workspace,
  run: RunPaths,
  folder: string,
  fitted: Calibration | undefined,
): Promise<{ weights: StoredWeights; file: Calibration | undefined } | undefined> {
  const at = (file: string) => join(run.export, file);
  if (!await exists(at(MODEL_FILE)) || !await exists(at("model.safetensors"))) return;
  const [own, exported] = await Promise.all(
    [folder, run.export].map((one) => digestsOf(paths).of(join(one, "model.safetensors"))),
  );
  if (own !== exported) return;
  const file = await exists(at("calibration.json"))
    ? await readReport("calibration", at("calibration.json"), "deno task export")
    : undefined;
  if (file?.lineage.created !== fitted?.lineage.created) return;
  return { weights: weightsFromOnnx(await Deno.readFile(at(MODEL_FILE))), file };
}
