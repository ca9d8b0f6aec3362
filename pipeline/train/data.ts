/** What training reads from the workspace: the tokenizer and the tokens of two splits. */

import { readTokens, type Workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { lineageOf, type Sources } from "../artifacts/lineage.ts";
import { ArtifactError, readJson } from "../lib/base/files.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import type { Batch } from "./engine.ts";
import type { TokenizerFile } from "./init_from.ts";
import type { RunConfig } from "./run_folder.ts";

export interface TrainingData {
  tokenizer: Tokenizer;
  tokenizerJson: TokenizerFile;
  train: Uint16Array;
  val: Uint16Array;
  /** Digests of all token files and the tokenizer. */
  sources: Sources;
}

/**
 * The tokens may also come from llm.c, whose format they have (version 1, uint16), put in place with
 * the tokenizer.json that they were made with. Throws an `ArtifactError` if a file is missing, if
 * tokens.json says that they do not belong together, or if the tokens are not the tokenizer's.
 */
export async function readTrainingData(workspace: Workspace): Promise<TrainingData> {
  const madeBy = "deno task tokenize";
  const sources = await openSources({ paths: workspace }, "train", ["tokens"]);
  const tokenizerJson = await readJson<TokenizerFile>(workspace.tokenizer, madeBy);
  const tokenizer = createTokenizer(tokenizerJson);
  const read = async (split: "train" | "val") => {
    const path = workspace.tokens(split);
    const tokens = await readTokens(path);
    const largest = tokens.reduce((a, b) => Math.max(a, b), 0);
    if (largest < tokenizer.vocabSize) return tokens;
    throw new ArtifactError(
      `Cannot train on ${path}: it holds token ${largest}, the tokenizer has only ` +
        `${tokenizer.vocabSize}; run "${madeBy}" again`,
    );
  };
  const [train, val] = [await read("train"), await read("val")];
  return { tokenizer, tokenizerJson, train, val, sources };
}

/** What config.json says of the data. */
export async function dataRecord(
  workspace: Workspace,
  data: TrainingData,
): Promise<Pick<RunConfig, "version" | "lineage" | "endOfText" | "data">> {
  const split = (name: "train" | "val") => ({
    path: workspace.tokens(name),
    tokens: data[name].length,
  });
  return {
    version: 2,
    lineage: await lineageOf({ paths: workspace }, data.sources),
    endOfText: data.tokenizer.endOfText,
    data: { train: split("train"), val: split("val") },
  };
}

/** Unicode characters that the targets of `batches` stand for; the end of a text counts as none. */
export function targetCharacters(batches: readonly Batch[], tokenizer: Tokenizer): number {
  // A character starts with every byte that does not continue one (10xxxxxx).
  const perToken = Uint16Array.from(
    { length: tokenizer.vocabSize },
    (_, token) => tokenizer.tokenBytes(token).filter((byte) => (byte & 0xc0) !== 0x80).length,
  );
  let characters = 0;
  for (const { targets } of batches) for (const token of targets) characters += perToken[token];
  return characters;
}
