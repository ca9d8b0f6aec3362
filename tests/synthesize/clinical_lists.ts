/** What the tests know about medicine and the knowledge files must agree with. */

import type { Admission } from "../../pipeline/synthesize/admission.ts";

/** Classes that a pregnant patient does not take at home. */
export const unsafeInPregnancy: ReadonlySet<string> = new Set([
  "raas",
  "statin",
  "valproate",
  "phenytoin",
  "nsaid",
  "anticoagulant",
  "lithium",
  "dmard_mtx",
  "topiramate",
  "benzodiazepine",
]);

/** Classes that a patient on dialysis does not leave with. */
export const renalRisk: ReadonlySet<string> = new Set([
  "lmwh",
  "biguanide",
  "nsaid",
  "thiazide",
  "mra",
  "potassium",
  "bisphosphonate",
  "lithium",
  "dmard_mtx",
  "rivaroxaban",
]);

export const isPlanned = ({ presentation }: Admission) =>
  /cabg|colectomy|hysterectomy|turp|arthroplasty|stenosis|cesarean|delivery/
    .test(presentation.name);
