/**
 * How well a model predicts whole notes: bits per character.
 *
 *     bits per character = Σ −log₂ p(token | tokens before it in the note) / characters
 *
 * A token sees at least half a context of the note before it, where there is that much: windows of
 * the model's context overlap by half, and each token is scored once, in the first window that
 * holds it. The end-of-text token starts every note and is not scored itself. Dividing by
 * characters, not tokens, makes figures of different tokenizers comparable.
 */

import { Progress } from "../../base/cli.ts";
import type { Scorer } from "../onnx/scorer.ts";
import type { Document } from "./documents.ts";

/** Rows scored in one call. */
const BATCH = 16;

export interface NoteScore {
  /** −log₂ p of the whole note. */
  bits: number;
  tokens: number;
  characters: number;
}

/** A note's score with ln p of each of its tokens. */
export interface ScoredNote extends NoteScore {
  logProbabilities: Float32Array;
}

/** One row of a batch: inputs at `from…`, of which targets from `scoredFrom` on count. */
interface Window {
  note: number;
  from: number;
  scoredFrom: number;
  to: number;
}

/** Windows over `length` targets; the first is scored whole, the others their second half. */
export function windowsOver(note: number, length: number, context: number): Window[] {
  const windows: Window[] = [];
  const step = Math.max(1, context >> 1);
  for (let from = 0, scoredFrom = 0; scoredFrom < length; from += step) {
    const to = Math.min(from + context, length);
    windows.push({ note, from, scoredFrom, to });
    scoredFrom = to;
  }
  return windows;
}

/** The bits of each of `documents`; with a `label`, progress is shown on the terminal. */
export async function scoreNotes(
  scorer: Scorer,
  context: number,
  endOfText: number,
  documents: readonly Document[],
  label?: string,
): Promise<ScoredNote[]> {
  const scores = documents.map(({ tokens, characters }) => ({
    bits: 0,
    tokens: tokens.length,
    characters,
    logProbabilities: new Float32Array(tokens.length),
  }));
  const windows = documents.flatMap(({ tokens }, note) =>
    windowsOver(note, tokens.length, context)
  );
  const total = documents.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const progress = label === undefined ? undefined : new Progress(label, total, "tokens");
  let done = 0;
  for (let first = 0; first < windows.length; first += BATCH) {
    const batch = windows.slice(first, first + BATCH);
    // Short texts (canaries, say) need no rows as long as the context.
    const length = Math.max(...batch.map(({ from, to }) => to - from));
    const inputs = new Int32Array(batch.length * length).fill(endOfText);
    const targets = new Int32Array(batch.length * length).fill(endOfText);
    batch.forEach(({ note, from, to }, row) => {
      const { tokens } = documents[note];
      targets.set(tokens.subarray(from, to), row * length);
      inputs[row * length] = from === 0 ? endOfText : tokens[from - 1];
      inputs.set(tokens.subarray(from, to - 1), row * length + 1);
    });
    const { logProbabilities } = await scorer.score(inputs, targets, length);
    batch.forEach(({ note, from, scoredFrom, to }, row) => {
      const score = scores[note];
      for (let at = scoredFrom; at < to; at++) {
        const nats = logProbabilities[row * length + at - from];
        score.logProbabilities[at] = nats;
        score.bits -= nats / Math.LN2;
      }
      done += to - scoredFrom;
    });
    progress?.update(done);
  }
  progress?.finish(
    `${documents.length} texts, ${bitsPerCharacter(scores).toFixed(3)} bits per character`,
  );
  return scores;
}

/** Σ bits / Σ characters. */
export function bitsPerCharacter(
  scores: readonly Pick<NoteScore, "bits" | "characters">[],
): number {
  let bits = 0, characters = 0;
  for (const score of scores) {
    bits += score.bits;
    characters += score.characters;
  }
  return bits / characters;
}
