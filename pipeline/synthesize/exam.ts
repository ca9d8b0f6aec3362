/** Physical examination on admission and on discharge. */

import type { Admission } from "./admission.ts";
import { renderRule, type Rule } from "./grammar.ts";
import { courseAt } from "./labs.ts";

export function examBlock(admission: Admission): string {
  const { style } = admission;
  const arrival = `${style.subheader("admission physical exam")}\n${examination(admission, 0)}`;
  const skipsSecond = admission.days < 3 && admission.random.chance(0.35);
  if (admission.expired || skipsSecond) return arrival;
  return `${arrival}\n\n${style.subheader("discharge physical exam")}\n${
    examination(admission, 1)
  }`;
}

function examination(admission: Admission, time: 0 | 1): string {
  const { knowledge, style, random } = admission;
  const lines = [vitals(admission, time)];
  for (const { name, labels } of knowledge.systems) {
    const found = finding(admission, name, time);
    if (!found) continue;
    const usual = found.usual;
    const optional = name !== "general" && name !== "cardiac" && name !== "lungs";
    if (usual && optional && random.chance(0.35 / style.detail)) continue;
    const text = admission.within(found.rules, () => renderRule(found.rule, admission));
    if (text) lines.push(`${labels[style.examLabels]}${style.examGap}${text}`);
  }
  return lines.join("\n");
}

interface Finding {
  rule: Rule;
  rules: Map<string, Rule> | undefined;
  /** Nothing in this patient makes the system abnormal. */
  usual: boolean;
}

/** The presentation's finding, else that of a condition, else the normal one. */
function finding(admission: Admission, system: string, time: 0 | 1): Finding | undefined {
  const { presentation, patient, complications, knowledge } = admission;
  const name = time === 0 ? `exam.${system}` : `exam.${system}.dc`;
  const acute = presentation.rules.get(name);
  if (acute) return { rule: acute, rules: undefined, usual: false };
  const owners = time === 0 ? [...complications, ...patient.conditions] : patient.conditions;
  for (const { rules } of owners) {
    const rule = rules.get(`exam.${system}`);
    if (rule) return { rule, rules, usual: false };
  }
  const normal = knowledge.shared.get(`exam.${system}`);
  return normal && { rule: normal, rules: undefined, usual: true };
}

/** Vital signs at a fraction `time` of the stay, with the small spread of repeated readings. */
function measure(admission: Admission, time: number) {
  const at = (name: string) => courseAt(admission.courses.get(name)!, time);
  const jitter = (value: number, by: number) => Math.round(value + by * admission.random.normal());
  const systolic = jitter(at("SBP"), 4);
  const flow = Math.round(at("O2flow"));
  return {
    temperature: (at("T") + 0.15 * admission.random.normal()).toFixed(1),
    pressure: `${systolic}/${Math.min(jitter(at("DBP"), 3), systolic - 18)}`,
    heart: jitter(at("HR"), 3),
    breaths: jitter(at("RR"), 0.6),
    saturation: Math.min(100, jitter(at("O2"), 0.5)),
    device: flow < 1 ? "RA" : `${flow}L`,
  };
}

/** The first line of the examination, in the author's order. */
export function vitals(admission: Admission, time: number): string {
  const { temperature, pressure, heart, breaths, saturation, device } = measure(admission, time);
  switch (admission.style.vitals) {
    case 0:
      return `VS: ${temperature} ${pressure} ${heart} ${breaths} ${saturation}${
        device === "RA" ? device : ` ${device}`
      }`;
    case 1:
      return `VS: T ${temperature} BP ${pressure} HR ${heart} RR ${breaths} O2 ${saturation}% ${device}`;
    case 2:
      return `Vitals: T: ${temperature} BP: ${pressure} P: ${heart} R: ${breaths} O2: ${saturation}% on ${device}`;
    case 3:
      return `VITALS: ${temperature}, ${pressure}, ${heart}, ${breaths}, ${saturation}% ${device}`;
    default:
      return `Vitals: Temp ${temperature}, HR ${heart}, BP ${pressure}, RR ${breaths}, SpO2 ${saturation}% ${device}`;
  }
}

/** Vital signs on arrival as they stand in a sentence; a number is redacted now and then. */
export function vitalsInWords(admission: Admission): string {
  const { temperature, pressure, heart, breaths, saturation, device } = measure(admission, 0);
  const { random } = admission;
  const shown = (value: string | number) => random.chance(0.06) ? "___" : String(value);
  switch (random.integer(0, 3)) {
    case 0:
      return `${shown(temperature)} ${shown(heart)} ${pressure} ${
        shown(breaths)
      } ${saturation}% ${device}`;
    case 1:
      return `T ${shown(temperature)}, HR ${shown(heart)}, BP ${pressure}, RR ${
        shown(breaths)
      }, ${saturation}% ${device}`;
    case 2:
      return `T: ${temperature} HR: ${shown(heart)} BP: ${pressure} RR: ${
        shown(breaths)
      } SO2: ${saturation}% ${device}`;
    default:
      return `${temperature}, ${heart}, ${pressure}, ${
        shown(breaths)
      }, ${saturation}% on ${device}`;
  }
}
