/**
 * `--tokenizer DIR`: the tokenizer that a model was trained with, so that training can go on from
 * its weights. One of ours is encoded with as fast as when it was learned; any other Hugging Face
 * tokenizer.json goes through their library, at about a megabyte a second and core.
 */

import { join } from "@std/path";
import { ArtifactError, exists, readJson, sha256File } from "../lib/base/files.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import {
  bpeTokenizerJson,
  charTokenizerJson,
  mergePairs,
  readVocabulary,
  tokenizerConfig,
  type TokenizerJson,
} from "./tokenizer_json.ts";
import { baseTokens } from "./vocabulary.ts";
import type { Encoding } from "./worker.ts";

export interface GivenTokenizer {
  /** The files as they are, so that their hashes stay the model's. */
  bytes: Uint8Array;
  configBytes: Uint8Array;
  sha256: string;
  json: TokenizerJson;
  tokenizer: Tokenizer;
}

/** Ids are stored as uint16. */
const MOST_TOKENS = 65536;

/** Throws an `ArtifactError` if `folder` holds no tokenizer.json that the token files can hold. */
export async function readGivenTokenizer(folder: string): Promise<GivenTokenizer> {
  // A run keeps its tokenizer beside its checkpoints.
  const places = [folder, join(folder, "..")];
  const present = await Promise.all(places.map((place) => exists(join(place, "tokenizer.json"))));
  const place = places[present.indexOf(true)];
  if (place === undefined) {
    throw new ArtifactError(
      `Cannot find ${
        join(folder, "tokenizer.json")
      }; give a run of ours or a Hugging Face folder ` +
        "that holds one",
    );
  }
  const path = join(place, "tokenizer.json");
  const json = await readJson<TokenizerJson>(path, "save_pretrained() of its tokenizer");
  const fail = (why: string) => new ArtifactError(`Cannot use ${path}: ${why}`);
  let tokenizer: Tokenizer;
  try {
    tokenizer = createTokenizer(json);
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (tokenizer.vocabSize > MOST_TOKENS) {
    throw fail(`${tokenizer.vocabSize} tokens, at most ${MOST_TOKENS} fit into token files`);
  }
  const configPath = join(place, "tokenizer_config.json");
  return {
    bytes: await Deno.readFile(path),
    configBytes: await exists(configPath)
      ? await Deno.readFile(configPath)
      : new TextEncoder().encode(JSON.stringify(tokenizerConfig(), null, 2) + "\n"),
    sha256: await sha256File(path),
    json,
    tokenizer,
  };
}

/** How the workers are to encode with `json`. */
export function encodingOf(json: TokenizerJson): Encoding {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (same(json, charTokenizerJson())) return { kind: "characters" };
  if (!baseTokens().every((token, id) => json.model.vocab[token] === id)) {
    return { kind: "library", json };
  }
  const vocabulary = readVocabulary(json);
  const pairs = { ...json, model: { ...json.model, merges: mergePairs(json.model.merges) } };
  const ours = same(pairs, bpeTokenizerJson(vocabulary));
  return ours ? { kind: "merges", vocabulary } : { kind: "library", json };
}
