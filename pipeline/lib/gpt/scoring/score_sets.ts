/** Several sets of notes under the GPT, float32 in ONNX Runtime. */

import type { Tokenizer } from "../decode/types.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { scorerFromTensors } from "../onnx/scorer.ts";
import type { Document } from "./documents.ts";
import { type ScoredNote, scoreNotes } from "./language_model.ts";

/** What scoring needs of a run. */
export interface ScoringModel {
  checkpoint: Pick<Checkpoint, "config" | "parameters">;
  tokenizer: Tokenizer;
}

/** Scores several sets of notes with one loading of the model, in order. */
export async function scoreSets(
  { checkpoint: { config, parameters }, tokenizer }: ScoringModel,
  sets: readonly { label: string; documents: readonly Document[] }[],
): Promise<ScoredNote[][]> {
  const scorer = await scorerFromTensors(config, parameters);
  const scores: ScoredNote[][] = [];
  for (const { label, documents } of sets) {
    const { n_positions } = config;
    scores.push(await scoreNotes(scorer, n_positions, tokenizer.endOfText, documents, label));
  }
  await scorer.close();
  return scores;
}
