/** An addendum: a short note of type AD on a stay that already has a summary. */

import type { Admission } from "./admission.ts";
import { GAP, renderRule, tidy } from "./grammar.ts";
import { header, section, wrap } from "./layout.ts";

export function writeAddendum(admission: Admission): string {
  const { patient, presentation, style, random } = admission;
  const labels = patient.allergies.map(({ allergy }) => allergy.label);
  const body = tidy(renderRule(admission.rule("addendum"), admission)).replaceAll(GAP, style.gap);
  return header(patient.sex, presentation.service, labels, random) +
    section("Addendum", wrap(body, random)) +
    section("Discharge Disposition", admission.disposition);
}
