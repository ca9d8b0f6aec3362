/**
 * How soon to believe what the note itself has said: the α of decode/note_ngrams.ts, learned by
 * coordinate descent on the notes' bits. One α an order leaves nothing to overfit.
 */

import { NOTE_ORDERS } from "../../lib/gpt/decode/note_ngrams.ts";
import {
  type NoteEvidence,
  type Probabilities,
  withNote,
} from "../../lib/gpt/scoring/mixture_levels.ts";
import type { Level } from "./level.ts";

/** The level of the note's own n-grams, given what each note had said before each token. */
export function noteLevel(evidence: readonly NoteEvidence[]): Level<number[]> {
  return {
    name: "note",
    learn: (below) => fitConcentrations(below, evidence),
    apply: (below, alphas) => below.map((note, i) => withNote(note, evidence[i], alphas)),
  };
}

const START: readonly number[] = [100, 10, 5, 5, 5];
/** α is multiplied and divided by steps from the first to the last of these. */
const STEPS: readonly number[] = [4, 2, 1.4, 1.2, 1.1];

/** The α under which the notes have the fewest bits; `notes` without what they have said. */
export function fitConcentrations(
  notes: Probabilities,
  evidence: readonly NoteEvidence[],
): number[] {
  const bits = (concentrations: readonly number[]) => {
    let sum = 0;
    notes.forEach((probabilities, note) => {
      for (const p of withNote(probabilities, evidence[note], concentrations)) {
        sum -= Math.log2(p);
      }
    });
    return sum;
  };
  let best = [...START], least = bits(best);
  for (const step of STEPS) {
    for (let n = 0; n < NOTE_ORDERS; n++) {
      for (const factor of [step, 1 / step]) {
        for (;;) {
          const tried = best.with(n, best[n] * factor), found = bits(tried);
          // Written so that a flat direction ends the walk.
          if (!(found < least - 1e-6 * Math.abs(least))) break;
          [best, least] = [tried, found];
        }
      }
    }
  }
  return best;
}
