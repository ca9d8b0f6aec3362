/** What `$name` stands for in a template. */

import type { Admission } from "./admission.ts";
import { vitalsInWords } from "./exam.ts";
import { namesOf, proseName } from "./medication_plan.ts";

const bySex = (male: string, female: string) => ({ patient }: Admission) =>
  patient.sex === "M" ? male : female;

/** Short names of what the patient has, for the opening sentence. */
function history(admission: Admission): string {
  const { patient, random, style } = admission;
  const shorts = patient.conditions.filter((c) => c.short.length > 0 && c.kind === "chronic")
    .map((c) => random.pick(c.short)(admission));
  const listed = shorts.slice(0, style.detail > 2 ? 7 : 4);
  if (listed.length === 0) return "no significant past medical history";
  if (listed.length === 1) return listed[0];
  return `${listed.slice(0, -1).join(", ")}${random.chance(0.5) ? "," : ""} and ${listed.at(-1)}`;
}

export const variables: Record<string, (admission: Admission) => string> = {
  he: bySex("he", "she"),
  He: bySex("He", "She"),
  his: bySex("his", "her"),
  His: bySex("His", "Her"),
  him: bySex("him", "her"),
  man: bySex("man", "woman"),
  male: bySex("male", "female"),
  gentleman: bySex("gentleman", "woman"),
  M: bySex("M", "F"),
  Mr: bySex("Mr.", "Ms."),
  spouse: bySex("wife", "husband"),
  history,
  past: ({ patient }) => patient.past.at(-1) ?? "",
  days: ({ days }) => String(days),
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
