/** Reads a GPT-2 out of any Hugging Face folder: one safetensors file or shards, any float type. */

import { join } from "@std/path";
import { ArtifactError, readJson } from "../../base/files.ts";
import type { GptConfig } from "../config.ts";
import { fromHuggingFaceConfig, TENSOR_PREFIX } from "./hugging_face.ts";
import { parameterTable, type Tensors } from "./parameters.ts";
import { readSafetensors, type Tensor } from "./safetensors.ts";

export interface HuggingFaceModel {
  config: GptConfig;
  parameters: Tensors;
  /** The model has an output head of its own, which is not among `parameters`. */
  untiedHead: boolean;
}

const ADVICE = "save_pretrained(..., safe_serialization=True) of transformers";

/**
 * The model saved by `GPT2LMHeadModel` or `GPT2Model` in `folder`. Throws an `ArtifactError` if it
 * is no GPT-2, if a file is missing or damaged, or if a tensor is missing or of another shape.
 */
export async function readHuggingFaceModel(folder: string): Promise<HuggingFaceModel> {
  const configPath = join(folder, "config.json");
  const json = await readJson<Record<string, unknown>>(configPath, ADVICE);
  const { config } = fromHuggingFaceConfig(json, configPath);
  const table = parameterTable(config);
  const known = new Set(table.map(({ name }) => name));
  const tensors = new Map<string, Tensor>();
  for (const file of await weightFiles(folder)) {
    // The rest are causal masks that older versions saved.
    const wanted = (name: string) => known.has(bareName(name)) || name === "lm_head.weight";
    const read = await readSafetensors(join(folder, file), ADVICE, wanted);
    for (const [name, tensor] of read) tensors.set(bareName(name), tensor);
  }
  const parameters: Tensors = new Map();
  for (const { name, shape } of table) {
    const tensor = tensors.get(name);
    if (tensor?.shape.join() !== shape.join()) {
      throw new ArtifactError(
        `Cannot use the model in ${folder}: ${name} has ${
          tensor ? `shape (${tensor.shape.join(", ")})` : "no tensor"
        }, expected shape (${shape.join(", ")}) by its config.json`,
      );
    }
    parameters.set(name, tensor.data);
  }
  const head = tensors.get("lm_head.weight")?.data;
  const embedding = parameters.get("wte.weight")!;
  const untiedHead = head !== undefined && head.some((value, i) => value !== embedding[i]);
  return { config, parameters, untiedHead };
}

const bareName = (name: string) =>
  name.startsWith(TENSOR_PREFIX) ? name.slice(TENSOR_PREFIX.length) : name;

/** `model.safetensors`, or the shards that `model.safetensors.index.json` lists. */
async function weightFiles(folder: string): Promise<string[]> {
  const names = new Set(
    (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name),
  );
  if (names.has("model.safetensors")) return ["model.safetensors"];
  const index = "model.safetensors.index.json";
  if (names.has(index)) {
    const { weight_map } = await readJson<{ weight_map: Record<string, string> }>(
      join(folder, index),
      ADVICE,
    );
    return [...new Set(Object.values(weight_map))].sort();
  }
  const old = names.has("pytorch_model.bin") ? " (pytorch_model.bin is not read: convert it)" : "";
  throw new ArtifactError(
    `Cannot find model.safetensors in ${folder}${old}; write it with ${ADVICE}`,
  );
}
