/** Starting weights out of another model, fitted to this run's vocabulary and context length. */

import { join } from "@std/path";
import { ArtifactError, exists, readJson } from "../lib/base/files.ts";
import type { GptConfig } from "../lib/gpt/config.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import { readHuggingFaceModel } from "../lib/gpt/model/hugging_face_model.ts";
import { initialParameters } from "../lib/gpt/model/init.ts";
import { elements, parameterTable, type Tensors } from "../lib/gpt/model/parameters.ts";

export interface InitialModel {
  /** As it was saved. */
  config: GptConfig;
  parameters: Tensors;
  /** The tokenizer beside it, if there is one, and its tokenizer.json. */
  tokenizer?: Tokenizer;
  tokenizerJson?: TokenizerFile;
  folder: string;
  /** Of the public texts behind it, where it says so. */
  licences: Record<string, string>;
  warnings: string[];
}

/** Reads the model in `folder`: a Hugging Face folder, a checkpoint of ours, or a run of ours. */
export async function readInitialModel(folder: string): Promise<InitialModel> {
  const best = join(folder, "best");
  const source = await exists(join(best, "config.json")) ? best : folder;
  const { untiedHead, ...model } = await readHuggingFaceModel(source);
  requireFinite(source, model.parameters);
  const warnings = untiedHead
    ? [`${source} has an output head of its own; it is left out, the embedding is used instead`]
    : [];
  const json = await tokenizerOf(folder);
  return {
    ...model,
    ...(json ? { tokenizer: createTokenizer(json), tokenizerJson: json } : {}),
    folder: source,
    licences: await licencesOf(folder),
    warnings,
  };
}

/** Throws an `ArtifactError` at the first value that no training can go on from. */
function requireFinite(folder: string, parameters: Tensors): void {
  for (const [name, values] of parameters) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at === -1) continue;
    throw new ArtifactError(
      `Cannot start from ${folder}: ${name} holds ${
        values[at]
      } (value ${at} of ${values.length}), ` +
        "expected finite numbers; its training has failed, so take an earlier checkpoint",
    );
  }
}

/** As a run of ours (config.json) or its export (export.json) records them. */
async function licencesOf(folder: string): Promise<Record<string, string>> {
  const places = ["config.json", "export.json", "../config.json"];
  for (const path of places.map((place) => join(folder, place))) {
    if (!await exists(path)) continue;
    const { licences } = await readJson<{ licences?: Record<string, string> }>(path, "training");
    if (licences) return licences;
  }
  return {};
}

async function tokenizerOf(folder: string): Promise<TokenizerFile | undefined> {
  for (const path of [join(folder, "tokenizer.json"), join(folder, "..", "tokenizer.json")]) {
    if (await exists(path)) return await readJson<TokenizerFile>(path, "save_pretrained()");
  }
  return undefined;
}

/** The parts of a tokenizer.json that decide which ids a text becomes. */
export interface TokenizerFile {
  normalizer?: unknown;
  pre_tokenizer?: unknown;
  model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
}

/**
 * Throws an `ArtifactError` if `model` was trained with another tokenizer than the tokens of this
 * workspace were made with: its embeddings would be those of other words.
 */
export function requireSameTokenizer(
  { folder, tokenizerJson }: InitialModel,
  ours: TokenizerFile,
): void {
  if (!tokenizerJson || fingerprint(tokenizerJson) === fingerprint(ours)) return;
  throw new ArtifactError(
    `Cannot start from ${folder}: the tokens here were made with another tokenizer than its own; ` +
      `run "deno task tokenize --tokenizer ${folder}" first, or give --adapt-vocabulary to keep ` +
      "this vocabulary and fit the model to it",
  );
}

/** Equal for tokenizers that encode every text alike, however their files are written. */
function fingerprint({ normalizer, pre_tokenizer, model }: TokenizerFile): string {
  const vocab = Object.entries(model.vocab).sort(([, a], [, b]) => a - b);
  const merges = model.merges.map((merge) => Array.isArray(merge) ? merge.join(" ") : merge);
  return JSON.stringify([normalizer ?? null, pre_tokenizer ?? null, vocab, merges]);
}

/**
 * Weights for `config`, which may differ from the model's in vocabulary and context only.
 *
 * - Vocabulary: a token that both tokenizers have keeps its embedding; another starts with the mean
 *   of the embeddings of the tokens that the old tokenizer writes it with (Gee et al. 2022, "Fast
 *   vocabulary transfer").
 * - Context: positions that the model does not have start as in a new model, drawn from `seed`.
 */
export function adaptParameters(
  { config: old, parameters, tokenizer: oldTokenizer, folder }: InitialModel,
  config: GptConfig,
  tokenizer: Tokenizer,
  seed: number,
): { parameters: Tensors; warnings: string[] } {
  const warnings: string[] = [];
  const adapted = new Map(parameters);
  const random = initialParameters(config, seed);
  if (config.n_positions !== old.n_positions) {
    const rows = random.get("wpe.weight")!;
    const kept = Math.min(rows.length, config.n_embd * old.n_positions);
    rows.set(parameters.get("wpe.weight")!.subarray(0, kept));
    adapted.set("wpe.weight", rows);
    warnings.push(
      `context ${old.n_positions} → ${config.n_positions}` +
        (config.n_positions > old.n_positions ? ", new positions start random" : ""),
    );
  }
  if (!oldTokenizer) {
    if (old.vocab_size !== config.vocab_size) {
      throw new ArtifactError(
        `Cannot start from ${folder}: its vocabulary has ${old.vocab_size} tokens, the data ` +
          `${config.vocab_size}, and without its tokenizer.json they cannot be matched; put it there`,
      );
    }
    warnings.push(`${folder} has no tokenizer.json; its token ids are taken to be the data's`);
  } else {
    const { rows, same } = transferEmbeddings(
      parameters.get("wte.weight")!,
      oldTokenizer,
      tokenizer,
      config.n_embd,
    );
    adapted.set("wte.weight", rows);
    const others = tokenizer.vocabSize - same;
    if (others > 0 || old.vocab_size !== config.vocab_size) {
      warnings.push(
        `vocabulary ${old.vocab_size} → ${config.vocab_size}: ${same} tokens keep their embedding` +
          (others > 0 ? `, ${others} start from the mean of their parts` : ""),
      );
    }
  }
  requireShapes(adapted, config, folder);
  return { parameters: adapted, warnings };
}

/** Embedding rows for `to` out of those for `from`, and how many tokens both have. */
function transferEmbeddings(
  embedding: Float32Array,
  from: Tokenizer,
  to: Tokenizer,
  width: number,
): { rows: Float32Array; same: number } {
  const key = (tokenizer: Tokenizer, token: number) =>
    token === tokenizer.endOfText ? "end of text" : String(tokenizer.tokenBytes(token));
  const known = new Map<string, number>();
  for (let token = 0; token < from.vocabSize; token++) known.set(key(from, token), token);
  const rows = new Float32Array(to.vocabSize * width);
  let same = 0;
  for (let token = 0; token < to.vocabSize; token++) {
    const old = known.get(key(to, token));
    if (old !== undefined) same++;
    const parts = old === undefined ? from.encode(to.decode([token])) : [old];
    for (const part of parts) {
      for (let c = 0; c < width; c++) {
        rows[token * width + c] += embedding[part * width + c] / parts.length;
      }
    }
  }
  return { rows, same };
}

function requireShapes(parameters: Tensors, config: GptConfig, folder: string): void {
  for (const { name, shape } of parameterTable(config)) {
    const found = parameters.get(name)?.length;
    if (found === elements(shape)) continue;
    throw new RangeError(
      `Cannot start from ${folder}: ${name} has ${found} values, expected ${elements(shape)} ` +
        `for n_embd ${config.n_embd} and n_layer ${config.n_layer}; leave those flags out`,
    );
  }
}
