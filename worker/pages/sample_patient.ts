/** The patient of the demo page: invented, like everything in it. */

import type { ContextItem } from "../plugin/patient.ts";

export const samplePatient: readonly ContextItem[] = [
  {
    source: "Problem list",
    kind: "problems",
    text: "Chronic systolic heart failure\nAtrial fibrillation\nGout\nObstructive sleep apnea",
  },
  {
    source: "Medication list",
    kind: "medications",
    text: [
      "Torsemide 40 mg PO DAILY",
      "Metoprolol succinate 100 mg PO DAILY",
      "Apixaban 5 mg PO BID",
      "Allopurinol 300 mg PO DAILY",
    ].join("\n"),
  },
  { source: "Allergies", kind: "allergies", text: "Lisinopril: angioedema" },
  {
    source: "Laboratory",
    kind: "results",
    date: "2026-03-03",
    text: "Sodium: 131 mmol/L\nCreatinine: 1.7 mg/dL\nHemoglobin: 10.9 g/dL\nproBNP: 6240 pg/mL",
  },
  {
    source: "Discharge summary",
    kind: "note",
    date: "2025-11-14",
    text: "The patient was admitted with volume overload after missing a week of torsemide. " +
      "Echocardiogram showed an ejection fraction of 30% and moderate mitral regurgitation. " +
      "She was diuresed with IV furosemide and discharged at a dry weight of 72 kg.",
  },
  {
    source: "Conversation",
    kind: "conversation",
    text: [
      "[doctor] what brings you back ?",
      "[patient] i've been having trouble breathing at night , and my ankles are swollen .",
      "[doctor] for how long ?",
      "[patient] about ten days . i gained eleven pounds .",
      "[doctor] any chest pain or palpitations ?",
      "[patient] no .",
      "[doctor] do you take your torsemide ?",
      "[patient] forty milligrams once a day , but i ran out on sunday .",
    ].join("\n"),
  },
];
