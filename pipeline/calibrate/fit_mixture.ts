/**
 * From validation notes to the mixture: how far to trust the n-gram table and the note's own n-grams
 * combined with the GPT, and how many bits per character each of them saves.
 */

import { sha256File } from "../lib/base/files.ts";
import { NgramModel, readNgramTable } from "../lib/gpt/decode/ngram.ts";
import { createContext } from "../lib/gpt/decode/context/context.ts";
import type { ContextItem } from "../lib/gpt/decode/context/types.ts";
import type { Tokenizer } from "../lib/gpt/decode/types.ts";
import { Vocabulary } from "../lib/gpt/decode/vocabulary.ts";
import {
  contextEvidenceOf,
  fitContextWeights,
  withContext,
} from "../lib/gpt/scoring/context_level.ts";
import { type Document, spread } from "../lib/gpt/scoring/documents.ts";
import type { ScoredNote } from "../lib/gpt/scoring/language_model.ts";
import {
  bitsOfProbabilities,
  noteEvidenceOf,
  type Probabilities,
  type TableEvidence,
  tableEvidenceOf,
} from "../lib/gpt/scoring/mixture_levels.ts";
import type { FittedMixture, ValidationBits } from "../artifacts/calibration.ts";
import { fitLevels } from "./levels/level.ts";
import { noteLevel } from "./levels/note.ts";
import { tableLevel } from "./levels/table.ts";

export interface FitInput {
  /** ngram.bin; undefined without one. */
  ngram: string | undefined;
  endOfText: number;
  /** Validation notes, and what the GPT says of their tokens. */
  documents: readonly Document[];
  scores: readonly Pick<ScoredNote, "logProbabilities">[];
  tokenizer: Tokenizer;
  /** What was known of the patient of each note, and where that comes from; absent without any. */
  contexts?: { origin: string; items: readonly (readonly ContextItem[] | undefined)[] };
}

/** The context's λ need fewer tokens than the n-grams', and more time for each of them. */
const CONTEXT_TOKENS = 60_000;

/** λ of the context, from the notes that have one; what stands below it is held fixed. */
function fitContext(
  documents: readonly Document[],
  below: Probabilities,
  said: readonly TableEvidence[] | undefined,
  tokenizer: Tokenizer,
  { origin, items }: NonNullable<FitInput["contexts"]>,
) {
  const vocabulary = new Vocabulary(tokenizer);
  const reading = { bytesOf: vocabulary.bytes, endOfText: tokenizer.endOfText };
  const grounded = documents.flatMap((document, at) =>
    items[at] === undefined
      ? []
      : [{ document, below: below[at], items: items[at], places: said?.[at].class }]
  );
  const chosen = spreadOver(grounded, ({ document }) => document.tokens.length, CONTEXT_TOKENS);
  if (chosen.length === 0) return;
  const evidence = chosen.map(({ document, items, places }) =>
    contextEvidenceOf(createContext(items, tokenizer, vocabulary), document.tokens, {
      ...reading,
      places,
    })
  );
  const base = chosen.map(({ below }) => below);
  const weights = fitContextWeights(base, evidence);
  const characters = chosen.reduce((sum, { document }) => sum + document.characters, 0);
  const bits = (notes: Probabilities) =>
    notes.reduce((sum, one) => bitsOfProbabilities(one).reduce((a, b) => a + b, sum), 0) /
    characters;
  return {
    weights,
    validation: {
      origin,
      notes: chosen.length,
      without: bits(base),
      with: bits(base.map((note, at) => withContext(note, evidence[at], weights))),
    },
  };
}

/** Evenly spread `items` that together have about `size` at most, and at least one. */
function spreadOver<T>(items: readonly T[], sizeOf: (item: T) => number, size: number): T[] {
  const total = items.reduce((sum, item) => sum + sizeOf(item), 0);
  return spread(items, Math.max(1, Math.floor(items.length * Math.min(1, size / total))));
}

/** Learns λ and α; writes nothing. */
export async function fitMixture(
  { ngram: path, endOfText, documents, scores, tokenizer, contexts }: FitInput,
): Promise<{ mixture: FittedMixture; validation: ValidationBits }> {
  const bytes = path === undefined ? undefined : await Deno.readFile(path);
  const ngram = bytes && new NgramModel(readNgramTable(bytes));
  const gpt = scores.map(({ logProbabilities }) => Float64Array.from(logProbabilities, Math.exp));
  const said = ngram && documents.map(({ tokens }) => tableEvidenceOf(ngram, endOfText, tokens));
  const note = noteLevel(documents.map(({ tokens }) => noteEvidenceOf(tokens)));
  const levels = said ? [tableLevel(said, ngram.order), note] : [note];
  const { learned, after, top } = fitLevels(gpt, levels);
  const grounded = contexts &&
    fitContext(documents, said ? after.table : gpt, said, tokenizer, contexts);
  const characters = documents.reduce((sum, note) => sum + note.characters, 0);
  const bits = (probabilities: Probabilities) =>
    probabilities.reduce(
      (sum, one) => bitsOfProbabilities(one).reduce((a, b) => a + b, sum),
      0,
    ) / characters;
  return {
    mixture: {
      table: ngram
        ? {
          sha256: await sha256File(path!),
          bytes: bytes.length,
          order: ngram.order,
          minPatients: ngram.minPatients,
          weights: learned.table as number[],
        }
        : null,
      note: learned.note as number[],
      ...(grounded && { context: grounded.weights }),
    },
    validation: {
      notes: documents.length,
      gpt: bits(gpt),
      table: said ? bits(said.map(({ table }) => table)) : null,
      gptAndTable: said ? bits(after.table) : null,
      gptAndNote: said ? bits(fitLevels(gpt, [note]).top) : bits(top),
      mixture: bits(top),
      ...(grounded && { context: grounded.validation }),
    },
  };
}
