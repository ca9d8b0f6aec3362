/**
 * How soon to believe what the note itself has said: the α of decode/note_ngrams.ts, learned on
 * validation notes by coordinate descent on their bits. One α an order leaves nothing to overfit.
 */

import { NOTE_ORDERS, noteFollowers } from "../lib/gpt/decode/note_ngrams.ts";

/** What a note had said before each of its tokens; NOTE_ORDERS entries a token. */
export interface NoteEvidence {
  /** c_n: how often the n tokens before it had occurred. */
  seen: Uint16Array;
  /** c_n(w): how often the token itself followed them. */
  followed: Uint16Array;
}

/** Reads the note as the decoder does, with the caret behind each token in turn. */
export function noteEvidenceOf(tokens: Uint16Array): NoteEvidence {
  const seen = new Uint16Array(tokens.length * NOTE_ORDERS);
  const followed = new Uint16Array(tokens.length * NOTE_ORDERS);
  for (let at = 1; at < tokens.length; at++) {
    const context = tokens.subarray(Math.max(0, at - NOTE_ORDERS), at);
    noteFollowers(tokens, at, context).forEach((followers, n) => {
      seen[at * NOTE_ORDERS + n] = followers.length;
      for (const token of followers) if (token === tokens[at]) followed[at * NOTE_ORDERS + n]++;
    });
  }
  return { seen, followed };
}

/** The probabilities of a note's tokens, adapted to the note. */
export function adaptedProbabilities(
  probabilities: ArrayLike<number>,
  { seen, followed }: NoteEvidence,
  concentrations: readonly number[],
): Float64Array {
  return Float64Array.from(probabilities, (probability, token) => {
    for (let n = 0; n < NOTE_ORDERS; n++) {
      const at = token * NOTE_ORDERS + n, alpha = concentrations[n];
      if (seen[at] === 0) break;
      probability = (followed[at] + alpha * probability) / (seen[at] + alpha);
    }
    return probability;
  });
}

const START: readonly number[] = [100, 10, 5, 5, 5];
/** α is multiplied and divided by steps from the first to the last of these. */
const STEPS: readonly number[] = [4, 2, 1.4, 1.2, 1.1];

/** The α under which the notes have the fewest bits; `notes` without what they have said. */
export function fitConcentrations(
  notes: readonly ArrayLike<number>[],
  evidence: readonly NoteEvidence[],
): number[] {
  const bits = (concentrations: readonly number[]) => {
    let sum = 0;
    notes.forEach((probabilities, note) => {
      for (const p of adaptedProbabilities(probabilities, evidence[note], concentrations)) {
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
