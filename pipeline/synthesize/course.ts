/** Brief hospital course by problem, and the list of diagnoses. */

import type { Admission } from "./admission.ts";
import { capitalise, GAP, renderAll, renderRule, type Rule } from "./grammar.ts";

/** Separates a problem's title from its text in the knowledge files. */
const TITLE_END = " :: ";

export function courseBlock(admission: Admission): string {
  const { style, random, presentation } = admission;
  const blocks: string[] = [];
  const summary = renderRule(admission.rule("summary"), admission).trim();
  const narrative = presentation.rules.has("narrative");
  if (narrative) blocks.push(renderRule(admission.rule("narrative"), admission));
  else if (summary) blocks.push(summary);
  const acute = narrative ? [] : renderAll(admission.rule("course"), admission);
  if (!narrative) acute.push(...renderAll(admission.rule("course.extra"), admission));
  for (const { rules } of admission.complications) acute.push(...problemsOf(admission, rules));
  const chronic = admission.expired ? [] : admission.patient.conditions
    .filter((condition) => !presentation.covers.includes(condition.name))
    .flatMap((condition) =>
      random.chance(0.35 + 0.3 * style.detail) ? problemsOf(admission, condition.rules) : []
    );
  const heads = style.courseHeads && !narrative;
  if (heads && acute.length > 0) {
    blocks.push(style.subheader(random.pick(["acute issues", "active issues", "acute problems"])));
  }
  blocks.push(...acute.map((text) => problem(admission, text)));
  const diary = dayByDay(admission);
  if (diary) blocks.push(diary);
  if (chronic.length > 0 && !narrative) {
    if (heads) {
      blocks.push(
        style.subheader(random.pick(["chronic issues", "chronic problems", "stable issues"])),
      );
    }
    blocks.push(...chronic.map((text) => problem(admission, text)));
  }
  if (narrative) {
    const closing = renderRule(admission.rule("narrative.close"), admission);
    if (closing && !admission.expired) blocks.push(closing);
  } else {
    const closing = renderRule(admission.rule("course.close"), admission);
    if (closing) blocks.push(closing);
    const ending = transitional(admission);
    if (ending) blocks.push(ending);
  }
  return blocks.join("\n\n");
}

/** Days of the first part of a stay, which the problems already tell about. */
const TOLD_DAYS = 4;
const DIARY_SHARE = 0.8;
/** A second and a third sentence about a day. */
const MORE_SHARE = 0.6;

/**
 * Some authors keep a diary of a stay of weeks: the longest notes are these. Where running text
 * tells of an ordinary stay, the diary has to say what went on.
 */
function dayByDay(admission: Admission): string {
  const { prolonged, expired, days, style, random, presentation } = admission;
  const told = presentation.rules.has("course");
  if (!prolonged || expired || told && !random.chance(DIARY_SHARE)) return "";
  const lines: string[] = [];
  for (let day = TOLD_DAYS + 1; day < days; day += random.integer(1, 2)) {
    const more = [1, 2].filter(() => random.chance(MORE_SHARE)).map(() => "event.more");
    const events = ["event", ...more]
      .map((rule) => renderRule(admission.rule(rule), admission));
    lines.push(`${style.bullet}HD ${day}: ${events.join(GAP)}`);
  }
  return lines.length === 0 ? "" : `${style.subheader("interval events")}\n${lines.join("\n")}`;
}

function problemsOf(admission: Admission, rules: Map<string, Rule>): string[] {
  const rule = rules.get("problem");
  if (!rule) return [];
  return admission.within(rules, () => {
    const text = renderRule(rule, admission).trim();
    const more = rules.get("problem.more");
    if (text === "") return [];
    return [more ? `${text}${GAP}${renderRule(more, admission)}` : text];
  });
}

/** Sentences that only make sense for somebody who leaves the hospital. */
const looksForward = /discharge|d\/c|outpatient|follow up|f\/u|\bhome\b|rehab/i;

function problem({ style, expired }: Admission, whole: string): string {
  const sentences = whole.split(GAP);
  const text = expired
    ? sentences.filter((sentence, i) => i === 0 || !looksForward.test(sentence)).join(GAP)
    : whole;
  const at = text.indexOf(TITLE_END);
  if (at < 0) return text;
  const title = style.problem(capitalise(text.slice(0, at)));
  return `${title}${title.endsWith("\n") ? "" : GAP}${
    capitalise(text.slice(at + TITLE_END.length))
  }`;
}

function transitional(admission: Admission): string {
  const { style, random } = admission;
  if (admission.expired) return "";
  const items = renderAll(admission.rule("transitional"), admission);
  const chronic = admission.patient.conditions
    .filter((condition) => !admission.presentation.covers.includes(condition.name));
  for (const { rules } of [...admission.complications, ...chronic]) {
    const rule = rules.get("transitional");
    if (rule) items.push(...admission.within(rules, () => renderAll(rule, admission)));
  }
  items.push(...renderAll(admission.rule("transitional.general"), admission));
  if (items.length === 0) return "";
  const title = random.pick(["transitional issues", "transitional issues", "transitional"]);
  return `${style.subheader(title)}\n${items.map((item) => style.bullet + item).join("\n")}`;
}

export function diagnosisBlock(admission: Admission): string {
  const { style, patient, complications, presentation } = admission;
  const primary = renderAll(admission.rule("diagnosis"), admission);
  const secondary: string[] = [];
  const owners = [
    ...complications,
    ...patient.conditions.filter((c) =>
      c.kind === "chronic" && !presentation.covers.includes(c.name)
    ),
  ];
  for (const { rules } of owners) {
    const rule = rules.get("diagnosis");
    if (rule) secondary.push(admission.within(rules, () => renderRule(rule, admission)));
  }
  const first = primary[0], rest = [...primary.slice(1), ...secondary.filter(Boolean)];
  const numbered = (items: string[]) => items.map((item, i) => `${i + 1}. ${item}`).join("\n");
  switch (style.diagnosis) {
    case "plain":
      return [first, ...rest].join("\n");
    case "numbered":
      return numbered([first, ...rest]);
    case "headed":
      return rest.length === 0
        ? `Primary:\n${first}`
        : `Primary:\n${first}\n\nSecondary:\n${rest.join("\n")}`;
    case "capitals":
      return rest.length === 0
        ? `PRIMARY DIAGNOSIS:\n${first}`
        : `PRIMARY DIAGNOSIS:\n${first}\n\nSECONDARY DIAGNOSES:\n${rest.join("\n")}`;
  }
}
