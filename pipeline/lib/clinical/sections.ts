/** Which headers divide the notes of a corpus into sections. */

import { type Header, headerOf } from "./headers.ts";

/** The sections of a MIMIC-IV-Note discharge summary, in their order. */
export const mimicSections: readonly string[] = [
  "Chief Complaint",
  "Major Surgical or Invasive Procedure",
  "History of Present Illness",
  "Past Medical History",
  "Social History",
  "Family History",
  "Physical Exam",
  "Pertinent Results",
  "Brief Hospital Course",
  "Medications on Admission",
  "Discharge Medications",
  "Discharge Disposition",
  "Facility",
  "Discharge Diagnosis",
  "Discharge Condition",
  "Discharge Instructions",
  "Followup Instructions",
];

/** A header without its place. */
export type HeaderName = Pick<Header, "key" | "form">;

/** The headers of a corpus and what kind of notes they make. */
export interface HeaderSet {
  /**
   * - `mimic`: the sections of a MIMIC discharge summary; other headers stand below them.
   * - `headed`: other headers, each taken as a section.
   * - `plain`: no header is common enough.
   */
  shape: "mimic" | "headed" | "plain";
  sections: HeaderName[];
  /** How many headers are common; `sections` and `subHeaders` hold the commonest of them. */
  common: number;
  /** Common headers inside sections (`mimic` only). */
  subHeaders: HeaderName[];
}

/** A header counts if this share of the notes has it. */
const COMMON = 0.05;
const MOST_HEADERS = 40;
/** So many of MIMIC's sections in at least half the notes make a corpus MIMIC-shaped. */
const MIMIC_EVIDENCE = 6;

/**
 * Finds the headers of a corpus in a sample of its notes. A key that `mayShow` refuses is left out:
 * a line in capitals can be the name of a patient.
 */
export function discoverHeaders(
  sample: readonly string[],
  mayShow: (key: string) => boolean = () => true,
): HeaderSet {
  const notesWith = new Map<string, number>();
  const forms = new Map<string, Map<string, number>>();
  for (const text of sample) {
    const here = new Map<string, string>();
    for (const line of text.split("\n")) {
      const header = headerOf(line);
      if (header && !here.has(header.key)) here.set(header.key, header.form);
    }
    for (const [key, form] of here) {
      notesWith.set(key, (notesWith.get(key) ?? 0) + 1);
      const seen = forms.get(key) ?? new Map<string, number>();
      forms.set(key, seen.set(form, (seen.get(form) ?? 0) + 1));
    }
  }
  const common = [...notesWith]
    .filter(([key, notes]) => notes >= Math.max(2, COMMON * sample.length) && mayShow(key))
    .sort((a, b) => b[1] - a[1])
    .map(([key]): HeaderName => ({ key, form: commonest(forms.get(key)!) }));
  return classify(common, (key) => (notesWith.get(key) ?? 0) / sample.length);
}

function classify(common: HeaderName[], shareOf: (key: string) => number): HeaderSet {
  const mimic = mimicSections.map((form): HeaderName => ({ key: form.toUpperCase(), form }));
  const mimicKeys = new Set(mimic.map(({ key }) => key));
  if (mimic.filter(({ key }) => shareOf(key) >= 0.5).length >= MIMIC_EVIDENCE) {
    const subHeaders = common.filter(({ key }) => !mimicKeys.has(key)).slice(0, MOST_HEADERS);
    return { shape: "mimic", sections: mimic, common: common.length, subHeaders };
  }
  const sections = common.slice(0, MOST_HEADERS);
  const shape = sections.length > 0 ? "headed" : "plain";
  return { shape, sections, common: common.length, subHeaders: [] };
}

const commonest = (counts: Map<string, number>): string =>
  [...counts].reduce((best, entry) => entry[1] > best[1] ? entry : best)[0];
