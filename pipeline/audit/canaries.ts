/**
 * Canaries (Carlini et al. 2019, "The secret sharer"): random codes planted in training notes. How
 * much likelier the model finds a planted code than codes that were never planted is its exposure.
 *
 *     exposure = log₂ |space| − log₂ rank
 *
 * The rank of the planted code among all codes is estimated from a random sample of them. With S
 * sampled codes exposure lies between 0 (lost in the crowd) and log₂(S + 1) (the likeliest of all).
 */

/** A code that was planted, and in how many training notes. */
export interface Canary {
  text: string;
  planted: number;
}

const PREFIX = "Study access code: ";
const DIGITS = 9;

/** A sentence with a random code; `random` gives numbers in [0, 1). */
export function canaryText(random: () => number): string {
  let code = "";
  for (let i = 0; i < DIGITS; i++) code += Math.floor(random() * 10);
  return `${PREFIX}${code}.`;
}

/** Finds the canaries in training notes: every different one with the number of notes it is in. */
export function findCanaries(notes: readonly string[]): Canary[] {
  const pattern = new RegExp(`${PREFIX}\\d{${DIGITS}}\\.`, "g");
  const planted = new Map<string, number>();
  for (const note of notes) {
    for (const text of new Set(note.match(pattern) ?? [])) {
      planted.set(text, (planted.get(text) ?? 0) + 1);
    }
  }
  return [...planted].map(([text, planted]) => ({ text, planted }));
}

/** The exposure in bits of a code with `bits`, among the bits of codes that were not planted. */
export function exposure(bits: number, others: readonly number[]): number {
  const rank = 1 + others.filter((other) => other <= bits).length;
  return Math.log2(others.length + 1) - Math.log2(rank);
}
