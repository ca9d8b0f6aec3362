/** People: what stays the same from one admission to the next, and what they bring to the first. */

import type { Medication } from "./drugs.ts";
import type { Allergy, ConditionEntry, Knowledge, Presentation, Sex } from "./knowledge.ts";
import { Random } from "./random.ts";

export interface Patient {
  index: number;
  sex: Sex;
  /** Years at the current admission; never printed. */
  age: number;
  firstAge: number;
  /** Years since the first admission. */
  elapsed: number;
  allergies: { allergy: Allergy; reaction: string }[];
  /** Chronic conditions and history, by name, in the order acquired. */
  conditions: ConditionEntry[];
  /** What the patient takes at home right now. */
  home: Medication[];
  smoker: "never" | "former" | "current";
  drinker: boolean;
  /** Titles of earlier admissions. */
  past: string[];
  familyHistory: string[] | undefined;
  /** What `!!` rules said about this patient. */
  traits: Map<string, string>;
  /** Conditions whose home drugs have been chosen. */
  treated: Set<string>;
  /** Undisturbed laboratory values, drawn once per test. */
  baselines: Map<string, number>;
}

/** Purposes of random streams: two of them never share a generator. */
export const stream = {
  plan: 1,
  patient: 2,
  admission: 3,
  times: 4,
  family: 5,
  addendum: 6,
} as const;

/** How many admissions patients have; the mean is 2.27, as in MIMIC-IV-Note 2.2. */
const admissionsPmf = [0.594, 0.18, 0.08, 0.043, 0.027, 0.02, 0.014, 0.01, 0.008, 0.024];

export function admissionCount(seed: number, patient: number): number {
  const random = new Random(seed, stream.plan, patient);
  const count = random.weighted(admissionsPmf) + 1;
  return count < admissionsPmf.length
    ? count
    : count + Math.floor(-6 * Math.log(1 - random.next()));
}

/** The patient and the presentation that brings them in for the first time. */
export function createPatient(
  knowledge: Knowledge,
  seed: number,
  index: number,
): { patient: Patient; first: Presentation; random: Random } {
  const random = new Random(seed, stream.patient, index);
  const first = knowledge.presentations[
    random.weighted(knowledge.presentations.map((p) => p.weight))
  ];
  const [youngest, oldest] = first.age;
  const spread = (random.next() + random.next()) / 2;
  const age = Math.round(youngest + (oldest - youngest) * spread);
  const patient: Patient = {
    index,
    sex: first.sex ?? (random.chance(0.5) ? "F" : "M"),
    age,
    firstAge: age,
    elapsed: 0,
    allergies: drawAllergies(knowledge.allergies, random),
    conditions: [],
    home: [],
    smoker: random.pick(["never", "never", "never", "former", "former", "current"] as const),
    drinker: random.chance(0.3),
    past: [],
    familyHistory: undefined,
    traits: new Map(),
    treated: new Set(),
    baselines: new Map(),
  };
  return { patient, first, random };
}

function drawAllergies(allergies: Allergy[], random: Random): Patient["allergies"] {
  const count = random.weighted([0.62, 0.22, 0.1, 0.06]);
  const chosen: Patient["allergies"] = [];
  const weights = allergies.map((allergy) => allergy.weight);
  for (let i = 0; i < count; i++) {
    const at = random.weighted(weights);
    if (at < 0) break;
    weights[at] = 0;
    const allergy = allergies[at];
    const reaction = allergy.reactions.length > 0 && random.chance(0.6)
      ? random.pick(allergy.reactions)
      : "";
    chosen.push({ allergy, reaction });
  }
  return chosen;
}

export const hasCondition = (patient: Patient, name: string) =>
  patient.conditions.some((condition) => condition.name === name);

/** Whether this person can have `condition` at all: sex, and nothing that rules it out. */
export function canAcquire(patient: Patient, condition: ConditionEntry): boolean {
  if (condition.sex !== undefined && condition.sex !== patient.sex) return false;
  if (hasCondition(patient, condition.name)) return false;
  if (condition.excludes.some((name) => hasCondition(patient, name))) return false;
  return !patient.conditions.some((held) => held.excludes.includes(condition.name));
}

export function prevalenceAt(condition: ConditionEntry, age: number): number {
  for (const [from, to, probability] of condition.prevalence) {
    if (age >= from && age < to) return probability;
  }
  return 0;
}

/** Whether this presentation can happen to this person now. */
export function canPresent(
  patient: Patient,
  presentation: Presentation,
  seen: Set<string>,
): boolean {
  const [from, to] = presentation.age;
  if (presentation.sex !== undefined && presentation.sex !== patient.sex) return false;
  if (patient.age < from || patient.age > to + 3) return false;
  if (presentation.once && seen.has(presentation.name)) return false;
  if (presentation.excludes.some((name) => hasCondition(patient, name))) return false;
  return presentation.requires.every((name) => hasCondition(patient, name));
}

/** The next admission's presentation: what the patient's conditions make likely. */
export function nextPresentation(
  knowledge: Knowledge,
  patient: Patient,
  seen: Set<string>,
  random: Random,
): Presentation {
  const weights = knowledge.presentations.map((presentation) => {
    if (!canPresent(patient, presentation, seen)) return 0;
    let weight = presentation.weight * (seen.has(presentation.name) ? 5 : 1);
    for (const { value, probability } of presentation.history) {
      if (probability < 1) continue;
      weight *= hasCondition(patient, value) ? 4 : 0.3;
    }
    return weight;
  });
  const at = random.weighted(weights);
  if (at < 0) {
    throw new RangeError(`No presentation fits a ${patient.age}-year-old (${patient.sex})`);
  }
  return knowledge.presentations[at];
}
