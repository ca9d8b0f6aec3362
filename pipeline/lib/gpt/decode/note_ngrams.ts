/**
 * What the note itself says. A note repeats its own phrases (a drug, a finding, a way to put it)
 * far more than other notes do, and beyond the GPT's context too. Its n-grams are smoothed by
 * hierarchical Dirichlet priors (MacKay & Peto 1995) over what is expected without them:
 *
 *     p_n(w) = (c_n(w) + α_n · p_{n−1}(w)) / (c_n + α_n),   n = 1 … NOTE_ORDERS
 *
 * c_n(w) counts how often w followed the last n tokens earlier in the note, c_n is their sum, and
 * p_0 is the mixture of GPT and table. Nothing of it is stored: it is read off the text each time.
 */

/** Longest context looked for. */
export const NOTE_ORDERS = 5;

/**
 * The tokens that followed the last 1, 2, … tokens of `context` in the first `end` tokens of
 * `note`, by the number of tokens in common; one look through the note.
 */
export function noteFollowers(
  note: ArrayLike<number>,
  end: number,
  context: ArrayLike<number>,
): number[][] {
  const followers: number[][] = Array.from({ length: NOTE_ORDERS }, () => []);
  const last = context.length - 1;
  for (let at = 1; at < end; at++) {
    for (let n = 0; n < NOTE_ORDERS && n < at && n <= last; n++) {
      if (note[at - 1 - n] !== context[last - n]) break;
      followers[n].push(note[at]);
    }
  }
  return followers;
}

/** Turns `probabilities` (vocabSize), in place, into those that know what `followers` says. */
export function adaptToNote(
  probabilities: Float32Array,
  followers: readonly number[][],
  concentrations: readonly number[],
): void {
  for (const [n, tokens] of followers.entries()) {
    if (tokens.length === 0) return;
    const total = tokens.length + concentrations[n];
    const kept = concentrations[n] / total;
    for (let id = 0; id < probabilities.length; id++) probabilities[id] *= kept;
    for (const token of tokens) probabilities[token] += 1 / total;
  }
}
