/**
 * From validation notes to mixture.json: how far to trust the n-gram table and the note's own
 * n-grams beside the GPT; and what each of them, alone and together, says of any notes.
 */

import { sha256File } from "../lib/base/files.ts";
import type { MixtureFile } from "../lib/gpt/decode/mixture.ts";
import { NgramModel, readNgramTable } from "../lib/gpt/decode/ngram.ts";
import type { Document } from "../lib/gpt/scoring/documents.ts";
import type { ScoredNote } from "../lib/gpt/scoring/language_model.ts";
import { evidenceOf, fitWeights, type TokenEvidence } from "./fit_mixture.ts";
import { adaptedProbabilities, fitConcentrations, noteEvidenceOf } from "./fit_note.ts";

/** Notes, and what the GPT says of their tokens. */
export interface ScoredDocuments {
  documents: readonly Document[];
  scores: readonly Pick<ScoredNote, "logProbabilities">[];
}

/** −log₂ p of each token, note by note, under parts of the mixture; null without a table. */
export interface MixtureBits {
  gpt: Float64Array[];
  table: Float64Array[] | null;
  gptAndTable: Float64Array[] | null;
  gptAndNote: Float64Array[];
  mixture: Float64Array[];
}

export interface LearnedMixture {
  file: MixtureFile;
  /** What its parts say of other notes. */
  bits(notes: ScoredDocuments): MixtureBits;
}

export interface LearnMixture {
  /** The model.safetensors that scored the notes. */
  checkpoint: string;
  /** ngram.bin; undefined without one. */
  ngram: string | undefined;
  endOfText: number;
  validation: ScoredDocuments;
}

/** Learns λ and α; writes nothing. */
export async function learnMixture(
  { checkpoint, ngram: path, endOfText, validation }: LearnMixture,
): Promise<LearnedMixture> {
  const bytes = path === undefined ? undefined : await Deno.readFile(path);
  const ngram = bytes && new NgramModel(readNgramTable(bytes));
  const read = ({ documents, scores }: ScoredDocuments) => ({
    gpt: scores.map(({ logProbabilities }) => Float64Array.from(logProbabilities, Math.exp)),
    table: ngram && evidenceOf(
      ngram,
      endOfText,
      documents,
      scores.map(({ logProbabilities }) => logProbabilities),
    ),
    note: documents.map(({ tokens }) => noteEvidenceOf(tokens)),
  });
  const known = read(validation);
  const weights = ngram && fitWeights(known.table!, ngram.order);
  const mixed = (table: typeof known.table) =>
    table?.map((note) => mixedProbabilities(note, weights!));
  const alone = fitConcentrations(known.gpt, known.note);
  const together = mixed(known.table);
  const note = together ? fitConcentrations(together, known.note) : alone;

  const bits = (notes: ScoredDocuments | typeof known): MixtureBits => {
    const { gpt, table, note: said } = "documents" in notes ? read(notes) : notes;
    const both = mixed(table);
    const adapted = (base: readonly Float64Array[], concentrations: readonly number[]) =>
      base.map((note, index) => adaptedProbabilities(note, said[index], concentrations));
    return {
      gpt: bitsOf(gpt),
      table: table ? bitsOf(table.map((note) => note.table)) : null,
      gptAndTable: both ? bitsOf(both) : null,
      gptAndNote: bitsOf(adapted(gpt, alone)),
      mixture: bitsOf(adapted(both ?? gpt, note)),
    };
  };
  return {
    file: {
      version: 2,
      checkpoint: await sha256File(checkpoint),
      table: ngram
        ? {
          sha256: await sha256File(path!),
          bytes: bytes!.length,
          order: ngram.order,
          minPatients: ngram.minPatients,
          weights: weights!,
        }
        : null,
      note,
      validation: summed(bits(known), validation.documents),
    },
    bits,
  };
}

/** The probabilities of a note's tokens under model and table together. */
function mixedProbabilities(
  { class: classOf, model, table }: TokenEvidence,
  weights: readonly number[],
): Float64Array {
  return Float64Array.from(model, (probability, at) => {
    const weight = weights[classOf[at]];
    return weight * table[at] + (1 - weight) * probability;
  });
}

const bitsOf = (notes: readonly ArrayLike<number>[]): Float64Array[] =>
  notes.map((note) => Float64Array.from(note, (probability) => -Math.log2(probability)));

/** Bits per character of all notes together. */
function summed(
  bits: MixtureBits,
  documents: readonly Document[],
): MixtureFile["validation"] {
  const characters = documents.reduce((sum, note) => sum + note.characters, 0);
  const total = (notes: readonly Float64Array[]) =>
    notes.reduce((sum, note) => note.reduce((a, b) => a + b, sum), 0) / characters;
  return {
    notes: documents.length,
    gpt: total(bits.gpt),
    table: bits.table && total(bits.table),
    gptAndTable: bits.gptAndTable && total(bits.gptAndTable),
    gptAndNote: total(bits.gptAndNote),
    mixture: total(bits.mixture),
  };
}
