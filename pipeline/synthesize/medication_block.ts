/** The two medication lists. */

import type { Admission } from "./admission.ts";
import { orderLine, prescriptionLine } from "./drugs.ts";

const opening = "The Preadmission Medication list is accurate and complete.";

const byName = (a: { drug: { name: string } }, b: { drug: { name: string } }) =>
  a.drug.name.toLowerCase() < b.drug.name.toLowerCase() ? -1 : 1;

export function admissionList({ home, style, random }: Admission): string {
  if (home.length === 0) return random.chance(0.5) ? "None" : `${opening}\nNone`;
  const listed = style.alphabeticalDrugs ? [...home].sort(byName) : home;
  const lines = listed.map((medication, index) =>
    `${index + 1}. ${redactDose(orderLine(medication), random)} `
  );
  return `${opening}\n${lines.join("\n")}`;
}

export function dischargeList(admission: Admission): string {
  const { style, random, knowledge } = admission;
  if (admission.expired) return "Expired";
  const fresh = new Set(admission.started);
  const taken = [...admission.leaving];
  if (style.alphabeticalDrugs) taken.sort(byName);
  const items = taken.map((medication) => {
    const line = `${redactDose(orderLine(medication), random)} `;
    const isNew = fresh.has(medication);
    const duration = medication.days !== undefined && random.chance(0.6)
      ? `Duration: ${medication.days} Days `
      : "";
    const prescription = (isNew || random.chance(0.1)) && style.prescriptions
      ? prescriptionLine(medication, knowledge.frequencies, random)
      : "";
    return [line, duration, prescription].filter(Boolean).join("\n");
  });
  const held = admission.home.filter(({ fate }) => fate === "held").map((medication) =>
    `HELD- ${orderLine(medication)} This medication was held. Do not restart ` +
    `${medication.drug.name} until ${
      random.pick([
        "you see your PCP",
        "your doctor tells you to",
        "you are told to by your doctor",
        "follow up with ___",
      ])
    } `
  );
  const all = [...items, ...held];
  if (all.length === 0) return "None";
  return all.map((item, index) => `${index + 1}.  ${item}`.replace(".  ", ". ")).join("\n");
}

/** De-identification now and then takes a dose for a date. */
function redactDose(line: string, random: Admission["random"]): string {
  return random.chance(0.012) ? line.replace(/ \d[\d.]*(-\d+)? (?=mg)/, " ___ ") : line;
}
