/** Writes one stay down as a discharge summary: the sections, in their order. */

import type { Admission } from "./admission.ts";
import { capitalise, GAP, renderAll, renderRule, tidy } from "./grammar.ts";
import { examBlock } from "./exam.ts";
import { header, section, wrap } from "./layout.ts";
import { labBlock } from "./lab_block.ts";
import { admissionList, dischargeList } from "./medication_block.ts";
import { courseBlock, diagnosisBlock } from "./course.ts";
import { letter } from "./letter.ts";
import { misspell } from "./misspell.ts";

/** The text of the note, wrapped, without any patient detail that is not `___`. */
export function writeNote(admission: Admission): string {
  const { patient, presentation, style } = admission;
  const text = (rule: string) => renderRule(admission.rule(rule), admission).trim();
  const sections: [string, string][] = [
    ["Chief Complaint", text("complaint")],
    ["Major Surgical or Invasive Procedure", text("procedure")],
    ["History of Present Illness", historyOfPresentIllness(admission)],
    ["Past Medical History", pastHistory(admission)],
    ["Social History", "___"],
    ["Family History", familyHistory(admission)],
    ["Physical Exam", examBlock(admission)],
    ["Pertinent Results", labBlock(admission)],
    ["Brief Hospital Course", courseBlock(admission)],
    ["Medications on Admission", admissionList(admission)],
    ["Discharge Medications", dischargeList(admission)],
    ["Discharge Disposition", admission.disposition],
  ];
  if (admission.disposition === "Extended Care") {
    sections.push(["Facility", "___"]);
  }
  sections.push(
    ["Discharge Diagnosis", diagnosisBlock(admission)],
    ["Discharge Condition", condition(admission)],
    ["Discharge Instructions", letter(admission)],
    ["Followup Instructions", "___"],
  );
  const allergies = patient.allergies.map(({ allergy, reaction }) =>
    reaction ? `${allergy.label} (${reaction})` : allergy.label
  );
  const body = sections.map(([title, content]) =>
    section(
      title,
      wrap(typed(title, finish(title, content, style.gap), admission), admission.random),
    )
  ).join("");
  return header(patient.sex, presentation.service, allergies, admission.random) + body;
}

/** Sections in which blanks mean something; `labBlock` repairs its own prose. */
const exact = new Set(["Pertinent Results", "Medications on Admission", "Discharge Medications"]);

const finish = (title: string, content: string, gap: string) =>
  (exact.has(title) ? content : tidy(content)).replaceAll(GAP, gap);

/** Sections that somebody types in running words; the words about a death are left whole. */
const prose = new Set([
  "History of Present Illness",
  "Physical Exam",
  "Brief Hospital Course",
  "Discharge Instructions",
]);

const typed = (title: string, text: string, { style, random, knowledge, expired }: Admission) =>
  prose.has(title) && !expired
    ? misspell(text, style.typingErrors, knowledge.drugWords, random)
    : text;

function historyOfPresentIllness(admission: Admission): string {
  const extra = renderRule(admission.rule("hpi.extra"), admission);
  const story = renderRule(admission.rule("hpi"), admission);
  const parts = [extra === "" ? story : `${story}${GAP}${extra}`];
  const emergency = renderRule(admission.rule("ed"), admission).trim();
  if (emergency) parts.push(emergency);
  const floor = renderRule(admission.rule("floor.extra"), admission);
  if (emergency && floor) parts.push(floor);
  const review = renderRule(admission.rule("ros"), admission).trim();
  if (review) parts.push(review);
  return parts.join(admission.random.chance(0.6) ? "\n\n" : "\n");
}

function pastHistory(admission: Admission): string {
  const { patient, style, random } = admission;
  const lines = patient.conditions.flatMap((condition) => {
    const rule = condition.rules.get("pmh");
    return rule ? [admission.within(condition.rules, () => renderRule(rule, admission))] : [];
  });
  const other = renderRule(admission.rule("pmh.other"), admission);
  if (other !== "") lines.push(...other.split("\n"));
  if (lines.length === 0) return random.pick(["None", "Denies", "None.", "No significant history"]);
  const marker = random.weighted([4, 3, 3]);
  return lines.map((line, index) =>
    marker === 0
      ? `${style.bullet}${line}`
      : marker === 1
      ? capitalise(line)
      : `${index + 1}. ${line}`
  ).join("\n");
}

/** Drawn once per patient, so that every admission tells the same. */
function familyHistory(admission: Admission): string {
  const { patient } = admission;
  patient.familyHistory ??= renderAll(admission.rule("family"), admission);
  const lines = patient.familyHistory;
  if (lines.length === 0) return renderRule(admission.rule("family.none"), admission);
  return admission.random.chance(0.5) ? lines.join("\n") : `${lines.join(". ")}.`;
}

function condition(admission: Admission): string {
  if (admission.expired) return "Expired";
  const frail = admission.disposition === "Extended Care";
  return renderRule(admission.rule(frail ? "condition.frail" : "condition.good"), admission);
}
