/** What `$name` stands for in a template. */

import type { Admission } from "./admission.ts";
import { vitalsInWords } from "./exam.ts";
import { namesOf, proseName } from "./medication_plan.ts";

const bySex = (male: string, female: string) => ({ patient }: Admission) =>
  patient.sex === "M" ? male : female;

/** Short names of what the patient has, for the opening sentence. */
const history = (admission: Admission) =>
  shortNames(admission, []) || "no significant past medical history";

/** The same without what the presentation's own text names. */
const others = (admission: Admission) =>
  shortNames(admission, admission.presentation.covers) || "no other medical history";

function shortNames(admission: Admission, covered: string[]): string {
  const { patient, random, style } = admission;
  const shorts = patient.conditions.filter((c) => c.short.length > 0 && c.kind === "chronic")
    .filter(({ name }) => !covered.includes(name))
    .map((c) => random.pick(c.short)(admission));
  const listed = shorts.slice(0, style.detail > 2 ? 7 : 4);
  if (listed.length < 2) return listed[0] ?? "";
  return `${listed.slice(0, -1).join(", ")}${random.chance(0.5) ? "," : ""} and ${listed.at(-1)}`;
}

export const variables: Record<string, (admission: Admission) => string> = {
  he: bySex("he", "she"),
  He: bySex("He", "She"),
  his: bySex("his", "her"),
  His: bySex("His", "Her"),
  him: bySex("him", "her"),
  himself: bySex("himself", "herself"),
  man: bySex("man", "woman"),
  male: bySex("male", "female"),
  gentleman: bySex("gentleman", "woman"),
  M: bySex("M", "F"),
  Mr: bySex("Mr.", "Ms."),
  spouse: bySex("wife", "husband"),
  history,
  others,
  past: ({ patient }) => patient.past.at(-1) ?? "",
  days: ({ days }) => String(days),
  /** The day of leaving, counted from an operation on the first day. */
  pod: ({ days }) => String(days),
  started: ({ started }) => namesOf(started),
  changed: ({ home }) => namesOf(home.filter(({ fate }) => fate === "changed")),
  held: ({ home }) => namesOf(home.filter(({ fate }) => fate === "held")),
  stopped: ({ home }) => namesOf(home.filter(({ fate }) => fate === "stopped")),
  vitals: (admission) => vitalsInWords(admission),
  antibiotic: ({ started }) => {
    const found = started.find(({ drug }) => drug.classes.includes("antibiotic"));
    return found ? proseName(found.drug) : "antibiotics";
  },
  course: ({ started }) => {
    const found = started.find(({ days }) => days !== undefined);
    return String(found?.days ?? 5);
  },
};

export const variableNames: ReadonlySet<string> = new Set(Object.keys(variables));
