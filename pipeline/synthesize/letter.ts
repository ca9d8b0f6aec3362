/** Discharge instructions: a letter to the patient, or the instructions after an operation. */

import type { Admission } from "./admission.ts";
import { capitalise, GAP, renderAll, renderRule } from "./grammar.ts";

export function letter(admission: Admission): string {
  admission.plain = true;
  try {
    if (admission.expired) return renderRule(admission.rule("letter.expired"), admission);
    if (admission.presentation.rules.has("instructions")) {
      return renderRule(admission.rule("instructions"), admission);
    }
    return admission.style.letter === "prose" ? proseLetter(admission) : questionLetter(admission);
  } finally {
    admission.plain = false;
  }
}

function proseLetter(admission: Admission): string {
  const text = (rule: string) => renderRule(admission.rule(rule), admission);
  const joined = (rule: string) =>
    renderAll(admission.rule(rule), admission).map(capitalise).join(GAP);
  const paragraphs = [
    text("letter.greeting"),
    [text("letter.pleasure"), joined("letter.why"), joined("letter.did")].join(GAP),
    [
      joined("letter.next"),
      joined("letter.medications"),
      joined("letter.extra"),
      joined("letter.call"),
    ].filter(Boolean).join(GAP),
    text("letter.wishes"),
    text("letter.signature"),
  ];
  return paragraphs.filter(Boolean).join(admission.style.letterBlankLines ? "\n\n" : "\n");
}

function questionLetter(admission: Admission): string {
  const { style } = admission;
  const text = (rule: string) => renderRule(admission.rule(rule), admission);
  const items = (lines: string[]) => lines.map((line) => `- ${capitalise(line)}`).join("\n");
  const head = (rule: string) =>
    style.letter === "capitals" ? text(rule).toUpperCase() : text(rule);
  const all = (rule: string) => renderAll(admission.rule(rule), admission);
  return [
    text("letter.greeting"),
    text("letter.pleasure"),
    `${head("letter.head.why")}\n${items(all("letter.why"))}`,
    `${head("letter.head.did")}\n${items(all("letter.did"))}`,
    `${head("letter.head.next")}\n${
      items(["medications", "next", "extra", "call"].flatMap((part) => all(`letter.${part}`)))
    }`,
    text("letter.wishes"),
    text("letter.signature"),
  ].filter(Boolean).join("\n\n");
}
