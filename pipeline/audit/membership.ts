/**
 * Membership inference: can someone who holds a note tell from the model's loss whether it was
 * trained on? The attack guesses "yes" for notes that the model finds easier than a reference does
 * (Carlini et al. 2022, "Membership inference attacks from first principles", the calibrated form).
 * Its area under the ROC curve is 0.5 for blind guessing and 1 for certainty.
 */

import { area, type Interval, share } from "../lib/base/intervals.ts";

/** Areas under the ROC curve of two attacks. */
export interface Membership {
  /** By the model's bits per character alone. */
  loss: Auc;
  /** By how much easier than the reference the model finds a note; null without a reference. */
  calibrated: Auc | null;
  /** Notes that the reference has read: of patients who are not attacked. */
  referenceNotes: number;
}

/** An area under the ROC curve with its interval, over patients: their notes are much alike. */
export interface Auc extends Interval {
  notes: number;
  /** Patients with training notes, and with unseen ones, among those attacked. */
  members: number;
  others: number;
  /**
   * Share of the members that it finds while 1% and 0.1% of the others are taken for members
   * (Carlini et al. 2022); null where there are too few others for one of them to be that share.
   */
  found: { at1Percent: Interval | null; at01Percent: Interval | null };
}

export interface Attack {
  /** Higher: more likely a member. */
  score: number;
  member: boolean;
  /** Whose note it is; undefined: nobody else's. */
  patient?: string;
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

/** The AUC with the interval that so many patients allow. */
export function aucOf(attacks: readonly Attack[]): Auc {
  const patients = (member: boolean) =>
    new Set(
      attacks.filter((attack) => attack.member === member)
        .map(({ patient }, index) => patient ?? index),
    ).size;
  const members = patients(true), others = patients(false);
  return {
    ...area(auc(attacks), members, others),
    notes: attacks.length,
    members,
    others,
    found: { at1Percent: foundAt(attacks, 0.01), at01Percent: foundAt(attacks, 0.001) },
  };
}

/** Members above the score that at most a share of `rate` of the others exceed; its interval. */
export function foundAt(attacks: readonly Attack[], rate: number): Interval | null {
  const others = attacks.filter(({ member }) => !member).map(({ score }) => score)
    .sort((a, b) => b - a);
  const taken = Math.floor(rate * others.length);
  if (taken < 1) return null;
  const members = attacks.filter(({ member }) => member);
  return share(members.filter(({ score }) => score > others[taken]).length, members.length);
}
