/**
 * Membership inference: can someone who holds a note tell from the model's loss whether it was
 * trained on? The attack guesses "yes" for notes that the model finds easier than a reference does
 * (Carlini et al. 2022, "Membership inference attacks from first principles", the calibrated form).
 * Its area under the ROC curve is 0.5 for blind guessing and 1 for certainty.
 */

import { bootstrap, type Estimate } from "../lib/base/bootstrap.ts";

/** Areas under the ROC curve of two attacks. */
export interface Membership {
  /** By the model's bits per character alone. */
  loss: Estimate;
  /** By how much easier than the reference the model finds a note; null without a reference. */
  calibrated: Estimate | null;
  /** Notes that the reference has read: of patients who are not attacked. */
  referenceNotes: number;
}

export interface Attack {
  /** Higher: more likely a member. */
  score: number;
  member: boolean;
}

/** Probability that a random member scores higher than a random non-member; ties count half. */
export function auc(attacks: readonly Attack[]): number {
  const sorted = [...attacks].sort((a, b) => a.score - b.score);
  let members = 0, rankSum = 0;
  for (let start = 0; start < sorted.length;) {
    let end = start;
    while (end < sorted.length && sorted[end].score === sorted[start].score) end++;
    // Ranks count from 1; tied notes share the mean of theirs.
    const rank = (start + 1 + end) / 2;
    for (; start < end; start++) {
      if (!sorted[start].member) continue;
      members++;
      rankSum += rank;
    }
  }
  const others = sorted.length - members;
  if (members === 0 || others === 0) return 0.5;
  return (rankSum - members * (members + 1) / 2) / (members * others);
}

/** The AUC with its interval over notes. */
export const aucEstimate = (attacks: readonly Attack[]): Estimate => bootstrap(attacks, auc);
