/**
 * From validation notes to the mixture: how far to trust the n-gram table and the note's own n-grams
 * combined with the GPT, and how many bits per character each of them saves.
 */

import { sha256File } from "../lib/base/files.ts";
import { NgramModel, readNgramTable } from "../lib/gpt/decode/ngram.ts";
import type { Document } from "../lib/gpt/scoring/documents.ts";
import type { ScoredNote } from "../lib/gpt/scoring/language_model.ts";
import {
  bitsOfProbabilities,
  noteEvidenceOf,
  type Probabilities,
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
}

/** Learns λ and α; writes nothing. */
export async function fitMixture(
  { ngram: path, endOfText, documents, scores }: FitInput,
): Promise<{ mixture: FittedMixture; validation: ValidationBits }> {
  const bytes = path === undefined ? undefined : await Deno.readFile(path);
  const ngram = bytes && new NgramModel(readNgramTable(bytes));
  const gpt = scores.map(({ logProbabilities }) => Float64Array.from(logProbabilities, Math.exp));
  const said = ngram && documents.map(({ tokens }) => tableEvidenceOf(ngram, endOfText, tokens));
  const note = noteLevel(documents.map(({ tokens }) => noteEvidenceOf(tokens)));
  const levels = said ? [tableLevel(said, ngram.order), note] : [note];
  const { learned, after, top } = fitLevels(gpt, levels);
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
    },
    validation: {
      notes: documents.length,
      gpt: bits(gpt),
      table: said ? bits(said.map(({ table }) => table)) : null,
      gptAndTable: said ? bits(after.table) : null,
      gptAndNote: said ? bits(fitLevels(gpt, [note]).top) : bits(top),
      mixture: bits(top),
    },
  };
}
