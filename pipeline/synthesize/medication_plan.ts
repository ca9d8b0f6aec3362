/** Which drugs a patient comes with, which are held or changed, and which are new on leaving. */

import type { Admission } from "./admission.ts";
import type { Drug, Medication } from "./drugs.ts";
import type { DrugChoice, DrugOrder } from "./knowledge.ts";
import type { Patient } from "./patient.ts";

/** What became of a home drug: `paused` was stopped in hospital and resumed before leaving. */
export type Fate = "continued" | "changed" | "held" | "stopped" | "paused";

export interface HomeMedication extends Medication {
  fate: Fate;
  /** The new dose, where it was changed. */
  changedTo?: Medication;
}

/** Adds the home drugs of new conditions, drops what they forbid, and opens this stay's list. */
export function planHome(admission: Admission): void {
  const { patient } = admission;
  const { avoids } = admission.presentation;
  const unsafe = (drug: Drug) =>
    forbidden(admission, drug) || avoids.some((name) => drug.classes.includes(name));
  patient.home = patient.home.filter(({ drug }) => !unsafe(drug));
  for (const condition of patient.conditions) {
    if (patient.treated.has(condition.name)) continue;
    patient.treated.add(condition.name);
    patient.home = patient.home.filter(({ drug }) => !unsafe(drug));
    for (const order of condition.home) {
      if (!admission.applies(order)) continue;
      const medication = chooseDrug(admission, order, unsafe);
      if (medication === undefined) continue;
      if (!patient.home.some((m) => sameClass(m.drug, medication.drug))) {
        patient.home.push(medication);
      }
    }
  }
  admission.home = patient.home.map((medication) => ({ ...medication, fate: "continued" }));
}

/** What one of the patient's conditions rules out for good. */
const forbidden = ({ patient }: Admission, drug: Drug) =>
  patient.conditions.some(({ stop }) => stop.some(({ value }) => drug.classes.includes(value)));

/** Applies what the problems of this stay hold, stop, pause and start. */
export function planStay(admission: Admission): void {
  for (const problem of admission.problems) {
    for (const fate of ["hold", "stop", "pause"] as const) {
      for (const guard of problem[fate]) {
        if (admission.applies(guard)) setFate(admission, guard.value, fates[fate]);
      }
    }
  }
  for (const problem of admission.problems) {
    for (const order of problem.start) {
      if (!admission.applies(order)) continue;
      const medication = chooseDrug(admission, order);
      if (medication) startDrug(admission, medication);
    }
  }
}

const fates = { hold: "held", stop: "stopped", pause: "paused" } as const;
const strictness: Fate[] = ["continued", "changed", "paused", "held", "stopped"];

function setFate(admission: Admission, drugClass: string, fate: Fate): void {
  for (const medication of admission.home) {
    if (!medication.drug.classes.includes(drugClass)) continue;
    if (strictness.indexOf(fate) > strictness.indexOf(medication.fate)) medication.fate = fate;
  }
}

/** A new drug replaces the home drug of its class; the same drug at another dose is a change. */
function startDrug(admission: Admission, medication: Medication): void {
  const { drug } = medication;
  const rival = admission.home.find((m) => sameClass(m.drug, drug));
  if (rival && (rival.fate === "held" || rival.fate === "stopped")) return;
  if (admission.started.some((m) => sameClass(m.drug, drug))) return;
  if (rival?.drug.id === drug.id) {
    if (rival.dose === medication.dose && rival.frequency === medication.frequency) return;
    if (medication.days !== undefined || Number(medication.dose) < Number(rival.dose)) return;
    rival.fate = "changed";
    rival.changedTo = medication;
    return;
  }
  if (rival) rival.fate = "stopped";
  admission.started.push(medication);
}

const sameClass = (a: Drug, b: Drug) => a.classes[0] === b.classes[0];

/** One of the choices that the patient's allergies and conditions allow, with dose and frequency. */
function chooseDrug(
  admission: Admission,
  order: DrugOrder,
  unsafe = (drug: Drug) => forbidden(admission, drug),
): Medication | undefined {
  const { random, patient, knowledge } = admission;
  const allowed = order.choices.flatMap((group) => {
    const choice = group.find(({ drug: id }) => {
      const drug = knowledge.drugs.get(id)!;
      return mayTake(patient, drug) && !unsafe(drug);
    });
    return choice ? [choice] : [];
  });
  if (allowed.length === 0) return undefined;
  const choice = random.pick(allowed);
  const drug = knowledge.drugs.get(choice.drug)!;
  return {
    drug,
    dose: choice.dose ?? random.pick(drug.doses),
    frequency: choice.frequency ?? random.pick(drug.frequencies),
    days: courseDays(choice, admission),
  };
}

const courseDays = ({ days }: DrugChoice, { random }: Admission) =>
  days && random.integer(days[0], days[1]);

export function mayTake(patient: Patient, drug: Drug): boolean {
  return !patient.allergies.some(({ allergy }) =>
    allergy.classes.some((name) => drug.classes.includes(name))
  );
}

/** `warfarin`, `aspirin and clopidogrel`, `a, b and c`: as in running text. */
export function namesOf(medications: Medication[]): string {
  const names = medications.map(({ drug }) => proseName(drug));
  if (names.length < 2) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Without tall-man capitals and without what the product name adds in brackets. */
export const proseName = (drug: Drug) =>
  drug.name.replace(/ \(.*\)$/, "").replace(saltsAndForms, "").toLowerCase();

/** What an order names and a sentence leaves out. */
const saltsAndForms = new RegExp(
  "(?<=\\w) (Potassium|Sodium|Calcium|HCl|Proxetil|Succinate|Tartrate|Fumarate|Oxalate|Citrate|" +
    "Mononitrate|Bromide|Hyclate|Phosphate|Maleate|Propionate|Extended-Release|XL|XR|DR|SR|Inhaler|" +
    "Diskus|SL|Oral Liquid|NASAL|0\\.\\S+ Neb Soln).*$",
);
