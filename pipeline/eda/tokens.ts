/** How many tokens the notes have, where `deno task tokenize` has already run on them. */

import { readTokens, splits, type TokensReport, type Workspace } from "../artifacts.ts";
import { isFresh } from "../artifacts/chain.ts";
import { readJson } from "../lib/base/files.ts";
import { type Lengths, lengthsOf } from "./lengths.ts";
import type { Shared } from "./shared.ts";

const MADE_BY = "deno task tokenize";

export interface TokenMeasures {
  kind: TokensReport["kind"];
  vocab_size: number;
  /** Tokens for a run of non-white-space, over all notes. */
  fertility: number;
  characters_per_token: number;
  /** Tokens that do not occur in train.bin. */
  unused: number;
  /** Of those that enough patients share. */
  longest: string[];
  /** Tokens of a note, without the one that starts it. */
  lengths: Lengths;
}

/** Null if there are no token files, or if they were made from another notes.parquet. */
export async function tokenMeasures(
  paths: Workspace,
  shared: Shared,
): Promise<TokenMeasures | null> {
  if (!await isFresh(paths, "tokens")) return null;
  const report = await readJson<TokensReport>(paths.tokensReport, MADE_BY);
  const total = (measure: "tokens" | "words" | "characters") =>
    splits.reduce((sum, split) => sum + report.splits[split][measure], 0);
  const perNote: number[] = [];
  for (const split of splits) countByNote(await readTokens(paths.tokens(split)), perNote);
  return {
    kind: report.kind,
    vocab_size: report.vocabSize,
    fertility: total("tokens") / total("words"),
    characters_per_token: total("characters") / total("tokens"),
    unused: report.unused.count,
    longest: report.longest.map(({ text }) => text).filter(shared.piece).slice(0, 10),
    lengths: lengthsOf(Uint32Array.from(perNote)),
  };
}

/** Every note starts with the end-of-text token, so the first token of a file tells which it is. */
function countByNote(tokens: Uint16Array, perNote: number[]): void {
  for (let start = 0; start < tokens.length;) {
    const next = tokens.indexOf(tokens[0], start + 1);
    const end = next < 0 ? tokens.length : next;
    perNote.push(end - start - 1);
    start = end;
  }
}
