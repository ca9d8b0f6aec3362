/** What training reads from the workspace: the tokenizer and the tokens of two splits. */

import { readTokens, type Workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { lineageOf, type Sources } from "../artifacts/lineage.ts";
import { readReport } from "../artifacts/reports.ts";
import { ArtifactError, exists, readJson } from "../lib/base/files.ts";
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
  /** Public texts, to be learned from before the notes; none: an empty array. */
  public: Uint16Array;
  /** Of the public texts, by the names of their sources. */
  licences: Record<string, string>;
  /** There are no notes: train and val are parts of the public texts. */
  base: boolean;
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
  const read = async (path: string) => {
    const tokens = await readTokens(path);
    const largest = tokens.reduce((a, b) => Math.max(a, b), 0);
    if (largest < tokenizer.vocabSize) return tokens;
    throw new ArtifactError(
      `Cannot train on ${path}: it holds token ${largest}, the tokenizer has only ` +
        `${tokenizer.vocabSize}; run "${madeBy}" again`,
    );
  };
  const common = { tokenizer, tokenizerJson, sources, licences: await licencesOf(workspace) };
  const [train, val] = [await read(workspace.tokens("train")), await read(workspace.tokens("val"))];
  const publicTexts = await exists(workspace.publicTokens)
    ? await read(workspace.publicTokens)
    : new Uint16Array();
  if (train.length > 0 || publicTexts.length === 0) {
    return { ...common, train, val, public: publicTexts, base: false };
  }
  const cut = heldOutFrom(publicTexts, tokenizer.endOfText);
  return {
    ...common,
    train: publicTexts.subarray(0, cut),
    val: publicTexts.subarray(cut),
    public: new Uint16Array(),
    base: true,
  };
}

async function licencesOf(workspace: Workspace): Promise<Record<string, string>> {
  if (!await exists(workspace.tokensReport)) return {}; // tokens of llm.c's making
  const report = await readReport("tokens", workspace.tokensReport, "deno task tokenize");
  return Object.fromEntries(
    (report.public?.sources ?? []).map(({ name, licence }) => [name, licence]),
  );
}

/** Of a base's public texts, the last fiftieth is for validation, from the start of a text on. */
const HELD_OUT = 1 / 50;

function heldOutFrom(tokens: Uint16Array, endOfText: number): number {
  const about = Math.floor(tokens.length * (1 - HELD_OUT));
  const start = tokens.indexOf(endOfText, about);
  return start === -1 ? about : start;
}

/** What config.json says of the data. */
export async function dataRecord(
  workspace: Workspace,
  data: TrainingData,
): Promise<Pick<RunConfig, "version" | "lineage" | "endOfText" | "data">> {
  const split = (name: "train" | "val") => ({
    path: data.base ? workspace.publicTokens : workspace.tokens(name),
    tokens: data[name].length,
  });
  const publicTexts = { path: workspace.publicTokens, tokens: data.public.length };
  return {
    version: 2,
    lineage: await lineageOf({ paths: workspace }, data.sources),
    endOfText: data.tokenizer.endOfText,
    data: {
      train: split("train"),
      val: split("val"),
      ...(data.public.length > 0 ? { public: publicTexts } : {}),
    },
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
